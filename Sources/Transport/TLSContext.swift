import CLibwebsockets
import Glibc

/// TLS options made ready: the trusted certificates and ours, loaded once and shared by any number of connections, on
/// any event loop. Reading the files again takes a new context.
public final class TLSContext: @unchecked Sendable {
    // Proof: an SSL_CTX that is not changed any more may be used by several threads at once (OpenSSL's threads(7)), and
    // the sessions are behind a lock.
    let pointer: OpaquePointer
    /// What the context was made from.
    public let options: TLSOptions
    let sessions = TLSSessionCache()

    /// Loads what `options` name. Reads files: call it where blocking is allowed.
    ///
    /// - Throws: what is wrong, with the file's name.
    public init(_ options: TLSOptions = TLSOptions()) throws(TLSContextError) {
        ERR_clear_error()
        guard let context = SSL_CTX_new(TLS_client_method()) else { throw .openSSL(detail: TLSContext.lastError()) }
        self.pointer = context
        self.options = options
        // Freed in deinit, which runs after a throw below too: every property is set.
        try configure()
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    var hasClientCertificate: Bool { options.clientCertificate != nil }

    private func configure() throws(TLSContextError) {
        // OpenSSL would give its buffer back after each record; where that is safe it is done when all are read.
        hawser_ssl_ctx_set_client_modes(pointer, TLSConnection.mayFreeBuffers ? 0 : 1)
        let lowest = options.minimumVersion == .v1_3 ? TLS1_3_VERSION : TLS1_2_VERSION
        guard hawser_ssl_ctx_set_min_proto_version(pointer, lowest) == 1 else {
            throw .openSSL(detail: Self.lastError())
        }
        try trust()
        try presentCertificate()
        SSL_CTX_set_verify(pointer, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, noteCertificateFault)
        // Otherwise OpenSSL checks the whole chain, to ignore what it finds.
        if !options.verify { SSL_CTX_set_cert_verify_callback(pointer, { _, _ in 1 }, nil) }
        if options.resumeSessions { keepSessions() }
    }

    private func trust() throws(TLSContextError) {
        switch options.certificateAuthority {
        case .system:
            // Some hundred certificates, and with every dial a search for an issuer whom nobody asks about.
            guard options.verify else { return }
            // Not `SSL_CTX_set_default_verify_paths`: for every unknown issuer that reads the whole folder as well, whose
            // files are found by their names.
            guard SSL_CTX_set_default_verify_file(pointer) == 1, SSL_CTX_set_default_verify_dir(pointer) == 1 else {
                throw .openSSL(detail: Self.lastError())
            }
        case .file(let path):
            try Self.checkReadable(.certificateAuthority, path)
            guard SSL_CTX_load_verify_file(pointer, path) == 1 else {
                throw .malformed(.certificateAuthority, path: path, detail: Self.lastError())
            }
        case .pem(let text):
            try trust(pem: text)
        }
    }

    private func trust(pem: String) throws(TLSContextError) {
        var text = pem
        let count = text.withUTF8 { bytes in
            guard let input = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return 0 }
            defer { BIO_free(input) }
            var count = 0
            while let certificate = PEM_read_bio_X509(input, nil, nil, nil) {
                defer { X509_free(certificate) }
                guard X509_STORE_add_cert(SSL_CTX_get_cert_store(pointer), certificate) == 1 else { return 0 }
                count += 1
            }
            return count
        }
        guard count > 0 else { throw .malformed(.certificateAuthority, path: nil, detail: Self.lastError()) }
        ERR_clear_error()
    }

    private func presentCertificate() throws(TLSContextError) {
        guard let certificate = options.clientCertificate else {
            if let key = options.clientKey { throw .keyWithoutCertificate(key: key) }
            SSL_CTX_set_client_cert_cb(pointer) { ssl, _, _ in
                TLSConnection.of(ssl)?.wasAskedForCertificate = true
                return 0
            }
            return
        }
        // Nobody is there to type a password: what wants one fails to load, and says so in the user data.
        SSL_CTX_set_default_passwd_cb(pointer) { _, _, _, asked in
            asked?.assumingMemoryBound(to: Bool.self).pointee = true
            return -1
        }
        try Self.checkReadable(.clientCertificate, certificate)
        guard SSL_CTX_use_certificate_chain_file(pointer, certificate) == 1 else {
            throw .malformed(.clientCertificate, path: certificate, detail: Self.lastError())
        }
        let key = options.clientKey ?? certificate
        try Self.checkReadable(.clientKey, key)
        var wantsPassword = false
        let isLoaded = withUnsafeMutablePointer(to: &wantsPassword) { asked in
            SSL_CTX_set_default_passwd_cb_userdata(pointer, asked)
            defer { SSL_CTX_set_default_passwd_cb_userdata(pointer, nil) }
            return SSL_CTX_use_PrivateKey_file(pointer, key, SSL_FILETYPE_PEM) == 1
        }
        if wantsPassword { throw .encryptedKey(path: key) }
        guard isLoaded else { throw Self.keyError(certificate: certificate, key: key) }
        guard SSL_CTX_check_private_key(pointer) == 1 else { throw .keyMismatch(certificate: certificate, key: key) }
    }

    private static func keyError(certificate: String, key: String) -> TLSContextError {
        switch ERR_GET_REASON(ERR_peek_error()) {
        case X509_R_KEY_VALUES_MISMATCH, X509_R_KEY_TYPE_MISMATCH:
            return .keyMismatch(certificate: certificate, key: key)
        default:
            return .malformed(.clientKey, path: key, detail: lastError())
        }
    }

    /// OpenSSL does not tell a file that is missing from one that is damaged.
    private static func checkReadable(_ part: TLSContextError.Part, _ path: String) throws(TLSContextError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(part, path: path, detail: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else {
            throw .unreadable(part, path: path, detail: String(cString: strerror(EISDIR)))
        }
    }

    private static func lastError() -> String {
        defer { ERR_clear_error() }
        guard let reason = ERR_reason_error_string(ERR_peek_error()) else { return "" }
        return String(cString: reason)
    }

    private func keepSessions() {
        // The context is found from a callback that has nothing but an SSL: through the connection.
        SSL_CTX_ctrl(
            pointer,
            SSL_CTRL_SET_SESS_CACHE_MODE,
            Int(SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL),
            nil
        )
        SSL_CTX_sess_set_new_cb(pointer) { ssl, session in
            guard let session, let connection = TLSConnection.of(ssl) else { return 0 }
            return connection.keep(session) ? 1 : 0
        }
    }

    /// Proposes the newest session that is kept under `key`.
    ///
    /// - Returns: whether there is one.
    func offerSession(to ssl: OpaquePointer, key: String) -> Bool {
        options.resumeSessions && sessions.offer(to: ssl, key: key)
    }

    /// Drops the sessions that are kept under `key`.
    func forgetSessions(key: String) {
        sessions.forget(key)
    }

    /// Keeps `session`, whose reference passes to the cache, for the next connection.
    func keep(_ session: OpaquePointer, key: String) {
        sessions.keep(session, key: key)
    }
}
