import CLibwebsockets
import Glibc

/// A certificate that a server makes for itself when it starts: for nobody to trust who was not given it.
///
/// On the curve P-256, signed by itself, good from an hour ago for thirty days.
package struct ServerCertificate: Hashable, Sendable {
    /// OpenSSL refused a step.
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The step, and OpenSSL's reason.
        package let description: String

        fileprivate init(_ call: String) {
            let reason = ERR_reason_error_string(ERR_peek_last_error()).map { String(cString: $0) }
            description = "cannot make a certificate: \(call): \(reason ?? "unknown reason")"
            ERR_clear_error()
        }
    }

    /// What ALPN may agree on (RFC 7301): the HTTP/2 role of libwebsockets 4.1.6 is not used.
    static let applicationProtocol: StaticString = "http/1.1"
    private static let lifetime = (from: -3600, to: 30 * 86_400)

    /// The certificate as PEM text, for clients to trust.
    package let certificate: String
    private let key: String

    /// Makes a key and a certificate for `names` and `addresses` (RFC 5280 section 4.2.1.6).
    package init(names: [String], addresses: [String]) throws(Failure) {
        ERR_clear_error()
        let key = try Self.makeKey()
        defer { EVP_PKEY_free(key) }
        guard let certificate = X509_new() else { throw Failure("X509_new") }
        defer { X509_free(certificate) }
        X509_set_version(certificate, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), Int.random(in: 1...Int(Int32.max)))
        X509_gmtime_adj(X509_getm_notBefore(certificate), Self.lifetime.from)
        X509_gmtime_adj(X509_getm_notAfter(certificate), Self.lifetime.to)
        let subject = X509_get_subject_name(certificate)
        let name = Array("hawser mock".utf8)
        guard X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, name, Int32(name.count), -1, 0) == 1,
            X509_set_issuer_name(certificate, subject) == 1, X509_set_pubkey(certificate, key) == 1
        else { throw Failure("X509_set") }
        let alternatives = names.map { "DNS:\($0)" } + addresses.map { "IP:\($0)" }
        // Its own issuer, which some clients only take from an authority.
        try Self.extend(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
        try Self.extend(certificate, NID_subject_alt_name, alternatives.joined(separator: ","))
        try Self.extend(certificate, NID_key_usage, "critical,digitalSignature,keyCertSign")
        try Self.extend(certificate, NID_ext_key_usage, "serverAuth")
        try Self.extend(certificate, NID_subject_key_identifier, "hash")
        guard X509_sign(certificate, key, EVP_sha256()) > 0 else { throw Failure("X509_sign") }
        self.certificate = try Self.pem { PEM_write_bio_X509($0, certificate) }
        self.key = try Self.pem { PEM_write_bio_PrivateKey($0, key, nil, nil, 0, nil, nil) }
    }

    private static func makeKey() throws(Failure) -> OpaquePointer {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw Failure("EVP_PKEY_CTX_new_id") }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
            EVP_PKEY_keygen(context, &key) == 1, let key
        else { throw Failure("EVP_PKEY_keygen") }
        return key
    }

    private static func extend(_ certificate: OpaquePointer, _ identifier: Int32, _ value: String) throws(Failure) {
        var context = X509V3_CTX()
        X509V3_set_ctx(&context, certificate, certificate, nil, nil, 0)
        guard let added = X509V3_EXT_conf_nid(nil, &context, identifier, value) else {
            throw Failure("X509V3_EXT_conf_nid \(value)")
        }
        defer { X509_EXTENSION_free(added) }
        guard X509_add_ext(certificate, added, -1) == 1 else { throw Failure("X509_add_ext") }
    }

    private static func pem(_ write: (OpaquePointer) -> Int32) throws(Failure) -> String {
        guard let output = BIO_new(BIO_s_mem()) else { throw Failure("BIO_new") }
        defer { BIO_free(output) }
        guard write(output) == 1 else { throw Failure("PEM_write") }
        var bytes = [UInt8](repeating: 0, count: Int(BIO_ctrl_pending(output)))
        guard BIO_read(output, &bytes, Int32(clamping: bytes.count)) == bytes.count else { throw Failure("BIO_read") }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Presenting it

    /// libwebsockets has made the `SSL_CTX` of a virtual host and asks for what is to be presented.
    static func present(to context: UnsafeMutableRawPointer?, of vhost: UnsafeMutableRawPointer?) -> Bool {
        guard let context, let vhost, let user = lws_get_vhost_user(OpaquePointer(vhost)) else { return false }
        // Proof: set in makeVirtualHost, within whose call this is.
        let server = Unmanaged<LibwebsocketsServer>.fromOpaque(user).takeUnretainedValue()
        return server.certificate?.load(into: OpaquePointer(context)) ?? false
    }

    private func load(into context: OpaquePointer) -> Bool {
        // The library would look for a virtual host by the name that the client asks for, and take any (4.1.6).
        SSL_CTX_callback_ctrl(context, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, nil)
        guard hawser_ssl_ctx_set_min_proto_version(context, TLS1_2_VERSION) == 1 else { return false }
        return Self.withParsed(certificate, { PEM_read_bio_X509($0, nil, nil, nil) }) { certificate in
            defer { X509_free(certificate) }
            return SSL_CTX_use_certificate(context, certificate) == 1
        }
            && Self.withParsed(key, { PEM_read_bio_PrivateKey($0, nil, nil, nil) }) { key in
                defer { EVP_PKEY_free(key) }
                return SSL_CTX_use_PrivateKey(context, key) == 1
            }
    }

    private static func withParsed(
        _ pem: String,
        _ parse: (OpaquePointer) -> OpaquePointer?,
        _ body: (OpaquePointer) -> Bool
    ) -> Bool {
        let bytes = Array(pem.utf8)
        guard let input = BIO_new_mem_buf(bytes, Int32(clamping: bytes.count)) else { return false }
        defer { BIO_free(input) }
        return parse(input).map(body) ?? false
    }
}
