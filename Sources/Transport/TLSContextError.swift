/// Why ``TLSOptions`` cannot be used.
public enum TLSContextError: Error, Hashable, Sendable {
    /// Which file, or text, is at fault.
    public enum Part: String, Hashable, Sendable {
        /// The trusted certificates.
        case certificateAuthority = "the certificate authority"
        /// Our certificate.
        case clientCertificate = "the client certificate"
        /// Its key.
        case clientKey = "the client certificate's key"
    }

    /// The file cannot be read; the detail is the system's reason.
    case unreadable(Part, path: String, detail: String)
    /// The file, or the text, does not hold what it should; the detail is OpenSSL's reason.
    case malformed(Part, path: String?, detail: String)
    /// The key is encrypted, and nobody is there to be asked for the password.
    case encryptedKey(path: String)
    /// The key is not that of the certificate.
    case keyMismatch(certificate: String, key: String)
    /// A key is given without a certificate.
    case keyWithoutCertificate(key: String)
    /// OpenSSL could not make a context; the detail is its reason.
    case openSSL(detail: String)
}

extension TLSContextError: CustomStringConvertible {
    /// Which file, what is wrong with it, and what to do, for a person.
    public var description: String {
        switch self {
        case .unreadable(let part, let path, let detail): "\(part.rawValue) \(path) cannot be read: \(detail)"
        case .malformed(let part, let path, let detail):
            "\(part.rawValue)\(path.map { " " + $0 } ?? "") is not in PEM format or is damaged"
                + (detail.isEmpty ? "" : " (OpenSSL: \(detail))")
        case .encryptedKey(let path): "the key \(path) is encrypted: give one without a password"
        case .keyMismatch(let certificate, let key): "the key \(key) does not belong to the certificate \(certificate)"
        case .keyWithoutCertificate(let key): "the key \(key) is of no use without a client certificate"
        case .openSSL(let detail): "OpenSSL could not be set up: \(detail)"
        }
    }
}
