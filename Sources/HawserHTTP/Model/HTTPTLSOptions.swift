/// What a client insists on and presents under TLS. Verification is on unless it is switched off.
public struct HTTPTLSOptions: Sendable, Hashable {
    /// The lowest version that is spoken.
    public enum Version: String, Sendable, Hashable, CaseIterable {
        /// TLS 1.2, RFC 5246.
        case v1_2 = "1.2"
        /// TLS 1.3, RFC 8446.
        case v1_3 = "1.3"
    }

    /// A PEM file of the certificates that may vouch for a server; nil for those that the system trusts.
    public var certificateAuthority: String?
    /// A PEM file with our certificate, then its intermediates; presented if the server asks for one.
    public var clientCertificate: String?
    /// A PEM file with the certificate's key, not encrypted; nil if it is in ``clientCertificate``'s file.
    public var clientKey: String?
    /// Whether the server's certificate is checked: its issuer, its dates, and that it is for the host.
    public var verify: Bool
    /// The lowest version that is spoken.
    public var minimumVersion: Version

    /// Options; the defaults verify against the system's certificates.
    public init(
        certificateAuthority: String? = nil,
        clientCertificate: String? = nil,
        clientKey: String? = nil,
        verify: Bool = true,
        minimumVersion: Version = .v1_2
    ) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.verify = verify
        self.minimumVersion = minimumVersion
    }
}
