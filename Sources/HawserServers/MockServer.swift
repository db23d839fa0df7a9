import MonotonicTime
import Transport

/// The server of `hawser mock`: paths for testing REST and WebSocket clients, on HTTP/1.1, with or without TLS.
///
/// Its front page, `/`, lists the paths. It runs on the event loop that it is given, which has to outlive it: await
/// ``stop()`` before the loop's `shutdown()`.
public final class MockServer: Sendable {
    /// Where and how to serve.
    public struct Options: Hashable, Sendable {
        /// An address of this machine as a number, or `localhost` for 127.0.0.1.
        public var host = "127.0.0.1"
        /// The port; 0 for any that is free.
        public var port: UInt16 = 0
        /// Whether to speak TLS, with a certificate made for the purpose.
        public var usesTLS = false
        /// What is borne.
        public var limits = MockLimits()

        /// Any free port of 127.0.0.1, without TLS.
        public init() {}
    }

    private let loop: EventLoop
    private let address: ListenAddress
    private let server: LoopBound<LibwebsocketsServer>
    /// The certificate that clients have to trust, as PEM; nil without TLS. It is good for `localhost`, 127.0.0.1, ::1 and
    /// the host that is served.
    public let certificate: String?

    /// A server that is not started yet.
    ///
    /// - Throws: ``ServerError`` for a host that is no address or a certificate that cannot be made.
    public init(loop: EventLoop, options: Options = Options()) throws(ServerError) {
        guard let address = ListenAddress(host: options.host, port: options.port) else {
            throw .notAnAddress(options.host)
        }
        self.loop = loop
        self.address = address
        let identity = options.usesTLS ? try Self.makeCertificate(for: address) : nil
        certificate = identity?.certificate
        let routes = MockRoutes(loop: loop, limits: options.limits)
        server = LoopBound(
            LibwebsocketsServer(loop: loop, certificate: identity, connectionLimit: options.limits.connections) {
                MockConnection(server: $0, routes: routes)
            },
            to: loop
        )
    }

    private static func makeCertificate(for address: ListenAddress) throws(ServerError) -> ServerCertificate {
        let addresses = ["127.0.0.1", "::1"] + (["127.0.0.1", "::1"].contains(address.host) ? [] : [address.host])
        do {
            return try ServerCertificate(names: ["localhost"], addresses: addresses)
        } catch {
            throw .certificate(detail: error.description)
        }
    }

    /// Listens, and returns the server's URL, such as `http://127.0.0.1:8080`.
    ///
    /// - Throws: ``ServerError``, e.g. if the port is taken.
    @discardableResult
    public func start() async throws -> String {
        let (server, address) = (server, address)
        let port = try await loop.run {
            try server.value.start(address)
            return server.value.port
        }
        return "\(certificate == nil ? "http" : "https")://\(address.hostInURL):\(port)"
    }

    /// Ends it: no more connections, sessions are closed with 1001, answers that have begun have half a second. Returns
    /// when nothing of the server is left. Idempotent.
    public func stop() async {
        let server = server
        await withCheckedContinuation { continuation in
            loop.submit { server.value.stop { continuation.resume() } }
        }
    }

    /// Connections at this moment.
    package var connectionCount: Int {
        get async {
            let server = server
            return await loop.run { server.value.connectionCount }
        }
    }
}
