import CLibwebsockets
import Glibc

/// A certificate with its key, both as PEM text.
public struct IssuedCertificate: Hashable, Sendable {
    /// The certificate, followed by nothing.
    public let certificate: String
    /// Its private key, not encrypted.
    public let key: String
}

/// OpenSSL refused something while a certificate was made.
public struct CertificateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The call that failed, and OpenSSL's reason.
    public let description: String

    init(_ call: String) {
        let reason = ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) }
        description = "\(call): \(reason ?? "unknown reason")"
    }
}

/// Issues real certificates, good and bad, within a test. Elliptic keys, so that a hundred cost nothing.
public struct CertificateAuthority: Sendable {
    /// When a certificate is good, seen from now.
    public enum Validity: Sendable, Hashable {
        /// Since an hour ago, for ten more.
        case current
        /// Ended an hour ago.
        case expired
        /// Begins in an hour.
        case future

        fileprivate var seconds: (from: Int, to: Int) {
            switch self {
            case .current: (-3600, 36_000)
            case .expired: (-36_000, -3600)
            case .future: (3600, 36_000)
            }
        }
    }

    /// The authority's own certificate and key.
    public let root: IssuedCertificate
    private let name: String

    /// A new authority that nobody trusts yet.
    public init(name: String = "Hawser Test CA") throws(CertificateError) {
        self.name = name
        root = try Self.make(subject: name, alternatives: nil, validity: .current, isAuthority: true, issuer: nil)
    }

    /// The PEM text to trust.
    public var certificate: String { root.certificate }

    /// A certificate for DNS `names` and IP `addresses`, good for servers and clients.
    public func issue(
        names: [String] = [],
        addresses: [String] = [],
        commonName: String = "hawser test",
        validity: Validity = .current
    ) throws(CertificateError) -> IssuedCertificate {
        try Self.make(
            subject: commonName,
            alternatives: Self.alternatives(names, addresses),
            validity: validity,
            isAuthority: false,
            issuer: (name, root)
        )
    }

    /// A certificate that vouches for itself.
    public static func selfSigned(
        names: [String] = [],
        addresses: [String] = []
    ) throws(CertificateError) -> IssuedCertificate {
        try make(
            subject: "hawser self-signed",
            alternatives: alternatives(names, addresses),
            validity: .current,
            isAuthority: false,
            issuer: nil
        )
    }

    private static func alternatives(_ names: [String], _ addresses: [String]) -> String? {
        let all = names.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }
        return all.isEmpty ? nil : all.joined(separator: ",")
    }

    private static func make(
        subject: String,
        alternatives: String?,
        validity: Validity,
        isAuthority: Bool,
        issuer: (name: String, certificate: IssuedCertificate)?
    ) throws(CertificateError) -> IssuedCertificate {
        let key = try newKey()
        defer { EVP_PKEY_free(key) }
        guard let certificate = X509_new() else { throw CertificateError("X509_new") }
        defer { X509_free(certificate) }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int.random(in: 1...Int(Int32.max)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), validity.seconds.from)
        X509_gmtime_adj(X509_getm_notAfter(certificate), validity.seconds.to)
        try setName(X509_get_subject_name(certificate), subject)
        try setName(X509_get_issuer_name(certificate), issuer?.name ?? subject)
        guard X509_set_pubkey(certificate, key) == 1 else { throw CertificateError("X509_set_pubkey") }
        try extend(certificate, NID_basic_constraints, isAuthority ? "critical,CA:TRUE" : "critical,CA:FALSE")
        if let alternatives { try extend(certificate, NID_subject_alt_name, alternatives) }
        let signer = try issuer.map { issuer throws(CertificateError) in try parseKey(issuer.certificate.key) }
        defer { EVP_PKEY_free(signer) }
        guard X509_sign(certificate, signer ?? key, EVP_sha256()) > 0 else { throw CertificateError("X509_sign") }
        return IssuedCertificate(
            certificate: try pem { PEM_write_bio_X509($0, certificate) },
            key: try pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
        )
    }

    private static func newKey() throws(CertificateError) -> OpaquePointer {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw CertificateError("EVP_PKEY_CTX_new_id") }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
            EVP_PKEY_keygen(context, &key) == 1, let key
        else { throw CertificateError("EVP_PKEY_keygen") }
        return key
    }

    private static func setName(_ name: OpaquePointer?, _ text: String) throws(CertificateError) {
        let bytes = Array(text.utf8)
        guard X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, bytes, Int32(bytes.count), -1, 0) == 1 else {
            throw CertificateError("X509_NAME_add_entry_by_txt")
        }
    }

    private static func extend(
        _ certificate: OpaquePointer,
        _ identifier: Int32,
        _ value: String
    ) throws(CertificateError) {
        guard let added = X509V3_EXT_conf_nid(nil, nil, identifier, value) else {
            throw CertificateError("X509V3_EXT_conf_nid \(value)")
        }
        defer { X509_EXTENSION_free(added) }
        guard X509_add_ext(certificate, added, -1) == 1 else { throw CertificateError("X509_add_ext") }
    }

    private static func pem(_ write: (OpaquePointer) -> Int32) throws(CertificateError) -> String {
        guard let output = BIO_new(BIO_s_mem()) else { throw CertificateError("BIO_new") }
        defer { BIO_free(output) }
        guard write(output) == 1 else { throw CertificateError("PEM_write") }
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(output)))
        guard BIO_read(output, &bytes, Int32(bytes.count)) == bytes.count else { throw CertificateError("BIO_read") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The private key in `pem`; the caller frees it.
    static func parseKey(_ pem: String) throws(CertificateError) -> OpaquePointer {
        let bytes = Array(pem.utf8)
        let input = BIO_new_mem_buf(bytes, Int32(bytes.count))
        defer { BIO_free(input) }
        guard let key = PEM_read_bio_PrivateKey(input, nil, nil, nil) else {
            throw CertificateError("PEM_read_bio_PrivateKey")
        }
        return key
    }

    /// The certificate in `pem`; the caller frees it.
    static func parseCertificate(_ pem: String) throws(CertificateError) -> OpaquePointer {
        let bytes = Array(pem.utf8)
        let input = BIO_new_mem_buf(bytes, Int32(bytes.count))
        defer { BIO_free(input) }
        guard let certificate = PEM_read_bio_X509(input, nil, nil, nil) else {
            throw CertificateError("PEM_read_bio_X509")
        }
        return certificate
    }
}
