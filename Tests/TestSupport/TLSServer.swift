import Locking
import CLibwebsockets
import Glibc

/// A real TLS server on loopback, on OpenSSL: one thread that accepts, one per connection, all joined by `stop()`.
public final class TLSServer: Sendable {
    /// What the server speaks and asks for.
    public struct Options: Sendable {
        /// The lowest and the highest version, as OpenSSL numbers them.
        public var versions: ClosedRange<Int32>
        /// Clients have to present a certificate that this authority has issued.
        public var clientAuthority: CertificateAuthority?

        /// TLS 1.2 and 1.3, clients without a certificate.
        public init(versions: ClosedRange<Int32> = 0x0303...0x0304, clientAuthority: CertificateAuthority? = nil) {
            self.versions = versions
            self.clientAuthority = clientAuthority
        }
    }

    /// The port it listens on.
    public let port: UInt16
    private let core: TLSServerCore
    private let acceptor: JoinableThread

    /// Listens at `address` with the certificate `identity`, and serves each connection with `script` once its handshake
    /// is done; the connection is closed when the script returns or throws.
    public init(
        _ address: ListenerAddress = .ipv4(),
        identity: IssuedCertificate,
        options: Options = Options(),
        script: @escaping @Sendable (TLSPeer) throws -> Void
    ) throws {
        let listener = try address.open()
        do {
            port = boundPort(of: listener)
            let core = try TLSServerCore(identity, options, script)
            self.core = core
            acceptor = try JoinableThread("tls-accept") {
                core.acceptConnections(on: listener)
                close(listener)
            }
        } catch {
            close(listener)
            throw error
        }
    }

    /// Handshakes that succeeded.
    public var handshakes: Int { core.state.withLock { $0.handshakes } }

    /// Why handshakes and scripts failed, in order.
    public var failures: [String] { core.state.withLock { $0.failures } }

    /// Ends every connection and joins every thread. Any number of times.
    public func stop() {
        core.stop.raise()
        acceptor.join()
        for thread in core.state.withLock({ $0.threads }) { thread.join() }
    }

    deinit {
        stop()
    }
}

/// What a TLS server's threads share.
private final class TLSServerCore: @unchecked Sendable {
    // Proof: an SSL_CTX that is not changed any more may be used by several threads; the rest is Sendable.
    struct State {
        var threads: [JoinableThread] = []
        var handshakes = 0
        var failures: [String] = []
    }

    let stop: StopSignal
    let state = OrderedMutex(State())
    private let context: OpaquePointer
    private let script: @Sendable (TLSPeer) throws -> Void

    init(
        _ identity: IssuedCertificate,
        _ options: TLSServer.Options,
        _ script: @escaping @Sendable (TLSPeer) throws -> Void
    ) throws {
        stop = try StopSignal()
        self.script = script
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw CertificateError("SSL_CTX_new") }
        self.context = context
        // Old versions, and ECDSA with SHA-1 as TLS 1.1 signs, are only spoken at this level.
        if options.versions.lowerBound < 0x0303 { SSL_CTX_set_security_level(context, 0) }
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(options.versions.lowerBound), nil)
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MAX_PROTO_VERSION, Int(options.versions.upperBound), nil)
        let certificate = try CertificateAuthority.parseCertificate(identity.certificate)
        defer { X509_free(certificate) }
        let key = try CertificateAuthority.parseKey(identity.key)
        defer { EVP_PKEY_free(key) }
        guard SSL_CTX_use_certificate(context, certificate) == 1, SSL_CTX_use_PrivateKey(context, key) == 1 else {
            throw CertificateError("SSL_CTX_use_certificate")
        }
        guard let authority = options.clientAuthority else { return }
        let trusted = try CertificateAuthority.parseCertificate(authority.certificate)
        defer { X509_free(trusted) }
        X509_STORE_add_cert(SSL_CTX_get_cert_store(context), trusted)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        // A session cannot be resumed under client verification without this.
        SSL_CTX_set_session_id_context(context, Array("hawser".utf8), 6)
    }

    deinit {
        SSL_CTX_free(context)
    }

    func acceptConnections(on listener: Int32) {
        var watched = [
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard poll(&watched, 2, -1) > 0 else { continue }
            if watched[1].revents != 0 { return }
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            do {
                let thread = try JoinableThread("tls-serve") { self.serve(descriptor) }
                state.withLock { $0.threads.append(thread) }
            } catch {
                close(descriptor)
                state.withLock { $0.failures.append("\(error)") }
            }
        }
    }

    private func serve(_ descriptor: Int32) {
        defer { close(descriptor) }
        guard let ssl = SSL_new(context) else { return }
        defer { SSL_free(ssl) }
        SSL_set_fd(ssl, descriptor)
        let peer = TLSPeer(ssl, descriptor, stop)
        do {
            try peer.accept()
            state.withLock { $0.handshakes += 1 }
            try script(peer)
            peer.closeNotify()
        } catch {
            state.withLock { $0.failures.append("\(error)") }
        }
    }
}
