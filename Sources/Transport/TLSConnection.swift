import CLibwebsockets
import Glibc
import NameResolution

/// One OpenSSL connection on a socket's descriptor. Made once for each socket, freed with ``finish()``; confined to the
/// event loop's thread.
final class TLSConnection {
    /// What a call that did not succeed wants.
    enum Outcome {
        case wantsRead, wantsWrite
        case ended(SocketEnd)
    }

    enum CloseNotify {
        case done, wantsWrite
    }

    private let context: TLSContext
    let serverName: String
    let remoteAddress: SocketAddress
    private let stream: TLSStream
    /// `nil` once finished.
    private var ssl: OpaquePointer?
    /// The first fault that the verification found.
    var certificateFault: CertificateFault?
    /// The peer asked for a certificate of ours.
    var wasAskedForCertificate = false
    private var isEstablished = false
    private var hasOfferedSession = false

    /// The place among an SSL's and an SSL_CTX's application data that OpenSSL leaves to the application.
    static let applicationData: Int32 = 0

    /// - Returns: `nil` if OpenSSL has no memory for it.
    init?(
        _ context: TLSContext,
        serverName: String,
        remoteAddress: SocketAddress,
        _ descriptor: Int32,
        _ pool: TLSReadBuffers
    ) {
        self.context = context
        self.serverName = serverName
        self.remoteAddress = remoteAddress
        stream = TLSStream(descriptor, pool)
        ERR_clear_error()
        guard let ssl = SSL_new(context.pointer) else { return nil }
        self.ssl = ssl
        guard let bio = stream.makeBIO() else { return nil }
        SSL_set_bio(ssl, bio, bio)
        guard expect(serverName, of: ssl) else { return nil }
        // Proof: the SSL calls back only from calls made through this object, which it never outlives.
        SSL_set_ex_data(ssl, Self.applicationData, Unmanaged.passUnretained(self).toOpaque())
        SSL_set_connect_state(ssl)
        hasOfferedSession = context.offerSession(to: ssl, key: sessionKey)
    }

    deinit {
        finish()
    }

    /// What sessions of this peer are kept under.
    var sessionKey: String { "\(serverName) \(remoteAddress.port) \(remoteAddress.unixPath ?? "")" }

    /// Tells OpenSSL whom the certificate has to be for, and a name-based server which host is meant (RFC 6066 section 3
    /// leaves IP addresses out).
    private func expect(_ name: String, of ssl: OpaquePointer) -> Bool {
        let parameters = SSL_get0_param(ssl)
        if SocketAddress(ipLiteral: name, port: 0) != nil {
            return X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1
        }
        X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        let isNamed = name.withCString { X509_VERIFY_PARAM_set1_host(parameters, $0, 0) == 1 }
        return isNamed && hawser_ssl_set_server_name(ssl, name) == 1
    }

    /// Frees OpenSSL's part; every later call does nothing.
    func finish() {
        guard let ssl else { return }
        self.ssl = nil
        // OpenSSL forgets the session of a connection that was not closed in order; an abort says nothing about it.
        if isEstablished { SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN) }
        // Should that be what the peer did not like, the next dial does without.
        if !isEstablished && hasOfferedSession { context.forgetSessions(key: sessionKey) }
        SSL_set_ex_data(ssl, Self.applicationData, nil)
        SSL_free(ssl)
        // Here, on the loop: the last reference to this object may go anywhere.
        stream.release()
    }

    /// One step of the handshake: 1 when it is done, else see ``outcome(of:)``.
    func handshake() -> Int32 {
        stream.wake()
        ERR_clear_error()
        let status = SSL_do_handshake(ssl)
        if status == 1 { isEstablished = true }
        return status
    }

    /// The bytes read, or something for ``outcome(of:)``.
    @inline(__always)
    func read(into buffer: UnsafeMutableRawPointer, _ count: Int) -> Int32 {
        ERR_clear_error()
        return SSL_read(ssl, buffer, Int32(clamping: count))
    }

    /// The bytes written, or something for ``outcome(of:)``.
    @inline(__always)
    func write(_ bytes: UnsafeRawPointer, _ count: Int) -> Int32 {
        // In the middle of a handshake OpenSSL reads before it writes.
        stream.wake()
        ERR_clear_error()
        return SSL_write(ssl, bytes, Int32(clamping: count))
    }

    /// Whether a read would find nothing; half a record may be kept.
    var isExhausted: Bool {
        stream.isExhausted && SSL_pending(ssl) == 0
    }

    /// The kernel may have more: before each attempt to read on.
    func wake() {
        stream.wake()
    }

    /// Whether `SSL_free_buffers` is safe while a record is on its way: not before the remedy for CVE-2024-4741.
    static let mayFreeBuffers: Bool = {
        let patch = OPENSSL_version_patch()
        return switch (OPENSSL_version_major(), OPENSSL_version_minor()) {
        case (3, 0): patch >= 14
        case (3, 1): patch >= 6
        case (3, 2): patch >= 2
        case (3, 3): patch >= 1
        case (let major, _): major >= 3
        }
    }()

    /// Gives back the buffers that OpenSSL keeps although they are empty; does nothing where bytes wait. Without it, also
    /// `SSL_MODE_RELEASE_BUFFERS` would leave the one that reading a session ticket allocates for writing.
    func releaseEmptyBuffers() {
        if Self.mayFreeBuffers { SSL_free_buffers(ssl) }
    }

    /// Tells the peer that nothing more follows.
    func sendCloseNotify() -> CloseNotify {
        guard let ssl, isEstablished else { return .done }
        ERR_clear_error()
        let status = SSL_shutdown(ssl)
        return status < 0 && SSL_get_error(ssl, status) == SSL_ERROR_WANT_WRITE ? .wantsWrite : .done
    }

    /// What a call means that returned `status`, 0 or less. Call it right after, before anything else touches `errno`.
    func outcome(of status: Int32) -> Outcome {
        let code = errno
        guard let ssl else { return .ended(.aborted) }
        switch SSL_get_error(ssl, status) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .ended(.eof)
        case SSL_ERROR_SYSCALL: return .ended(code == 0 ? .eof : SocketEnd(errno: code))
        default:
            let error = ERR_peek_error()
            // An end without close_notify: RFC 6455 has a closing handshake of its own that tells it from a cut.
            if ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING { return .ended(.eof) }
            let failure = TLSFailure(of: self, error: error, hasClientCertificate: context.hasClientCertificate)
            return .ended(.tls(failure))
        }
    }

    /// Keeps a session that the peer has issued, with OpenSSL's reference to it.
    ///
    /// - Returns: whether the reference was taken.
    func keep(_ session: OpaquePointer) -> Bool {
        context.keep(session, key: sessionKey)
        return true
    }

    /// OpenSSL's verdict on the peer's certificate (`X509_V_…`).
    var verifyResult: Int {
        guard let ssl else { return 0 }
        return SSL_get_verify_result(ssl)
    }

    /// What the options insist on.
    var options: TLSOptions { context.options }

    var version: String? { ssl.flatMap { SSL_get_version($0) }.map { String(cString: $0) } }

    var cipher: String? {
        ssl.flatMap { SSL_get_current_cipher($0) }.flatMap { SSL_CIPHER_get_name($0) }.map { String(cString: $0) }
    }

    var isResumed: Bool { ssl.map { SSL_session_reused($0) == 1 } ?? false }

    /// The connection that `ssl` belongs to.
    static func of(_ ssl: OpaquePointer?) -> TLSConnection? {
        guard let ssl, let data = SSL_get_ex_data(ssl, applicationData) else { return nil }
        return Unmanaged<TLSConnection>.fromOpaque(data).takeUnretainedValue()
    }
}
