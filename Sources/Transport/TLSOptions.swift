/// What a TLS client insists on and presents. Verification is on unless it is switched off.
public struct TLSOptions: Hashable, Sendable {
    /// Who may vouch for the peer.
    public enum CertificateAuthority: Hashable, Sendable {
        /// The certificates the system trusts (`SSL_CERT_FILE` and `SSL_CERT_DIR` override where they are).
        case system
        /// The certificates in this PEM file, and no others.
        case file(String)
        /// The certificates in this PEM text, and no others.
        case pem(String)
    }

    /// A version of the protocol.
    public enum Version: String, Hashable, Sendable, CaseIterable {
        /// TLS 1.2, RFC 5246.
        case v1_2 = "1.2"
        /// TLS 1.3, RFC 8446.
        case v1_3 = "1.3"
    }

    /// Who may vouch for the peer.
    public var certificateAuthority: CertificateAuthority
    /// A PEM file with our certificate, then its intermediates; presented if the peer asks for one.
    public var clientCertificate: String?
    /// A PEM file with the certificate's key, not encrypted; `nil` if it is in ``clientCertificate``'s file.
    public var clientKey: String?
    /// Whether the peer's certificate is checked: its issuer, its dates, and that it is for the host that was dialled.
    /// Without it anybody in between can read and change everything.
    public var verify: Bool
    /// The lowest version that is spoken.
    public var minimumVersion: Version
    /// Whether a further connection to the same host and port may resume an earlier session (RFC 8446 section 2.2), which
    /// spares both sides the certificates. What a session was verified by is not asked again, until the certificate
    /// expires; sessions are kept within one ``TLSContext``.
    public var resumeSessions: Bool

    /// Options; the defaults verify against the system's certificates and speak TLS 1.2 or 1.3.
    public init(
        certificateAuthority: CertificateAuthority = .system,
        clientCertificate: String? = nil,
        clientKey: String? = nil,
        verify: Bool = true,
        minimumVersion: Version = .v1_2,
        resumeSessions: Bool = true
    ) {
        self.certificateAuthority = certificateAuthority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.verify = verify
        self.minimumVersion = minimumVersion
        self.resumeSessions = resumeSessions
    }
}
