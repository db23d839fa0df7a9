/// Why a TLS connection failed, with words for a person.
public struct TLSFailure: Error, Hashable, Sendable {
    /// What went wrong, as far as policy or a remedy depends on it.
    public enum Kind: Hashable, Sendable {
        /// The peer's certificate, or one above it, is past its last day.
        case expired
        /// The peer's certificate, or one above it, is not good yet (or this machine's clock is behind).
        case notYetValid
        /// The peer's certificate is not for the host that was dialled.
        case nameMismatch(expected: String)
        /// The peer vouches for itself and is not trusted.
        case selfSigned
        /// Nobody that is trusted here vouches for the peer.
        case unknownIssuer
        /// The peer wants a certificate from us, and none is configured.
        case clientCertificateRequired
        /// The peer did not accept the certificate that we presented.
        case clientCertificateRejected
        /// The peer's certificate was not accepted for another reason; the code is OpenSSL's `X509_V_ERR_…`.
        case certificate(code: Int)
        /// No version of TLS that both sides speak.
        case protocolVersion
        /// What answers on this port does not speak TLS.
        case notTLS
        /// The peer ended the connection during the handshake.
        case closed
        /// Another failure of the handshake or of the connection after it.
        case handshake
        /// OpenSSL could not set the connection up: no memory.
        case resources
    }

    /// What went wrong.
    public let kind: Kind
    /// OpenSSL's verification result (`X509_V_…`); 0 if the certificate is not what failed.
    public let verifyResult: Int
    /// What was expected, what was seen, and what to do, for a person.
    public let message: String

    /// A failure.
    public init(kind: Kind, verifyResult: Int = 0, message: String) {
        self.kind = kind
        self.verifyResult = verifyResult
        self.message = message
    }

    /// Whether a certificate, the peer's or ours, is what failed: repeating the dial soon will not help.
    public var isCertificate: Bool {
        switch kind {
        case .expired, .notYetValid, .nameMismatch, .selfSigned, .unknownIssuer, .clientCertificateRequired,
            .clientCertificateRejected, .certificate:
            true
        case .protocolVersion, .notTLS, .closed, .handshake, .resources: false
        }
    }
}

extension TLSFailure: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}
