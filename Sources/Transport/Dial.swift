import Glibc
import MonotonicTime
import NameResolution
import WebSocketProtocol

/// One attempt to reach an endpoint: its name is looked up, its addresses are tried as RFC 8305 says (“happy eyeballs”:
/// IPv6 first, the families in turn, the next one after 250 ms or as soon as one has failed), and the first that answers
/// is secured with TLS if that is wanted.
///
/// With a proxy its name is looked up and its addresses are tried instead; the one that answers is asked for a tunnel
/// to the endpoint, whose name the proxy looks up. There is no other way to the endpoint then.
///
/// It has no deadlines of its own: whoever keeps them calls ``cancel()``. Confined to the event loop's thread. It lives
/// until it is over, held by the loop.
public final class Dial {
    /// How long an address has before the next one is tried beside it (RFC 8305 section 5).
    public static let attemptDelay = Duration.milliseconds(250)

    private enum Phase {
        case ready, resolving, connecting, tunneling, securing, over
    }

    private let loop: EventLoop
    private let endpoint: Endpoint
    private let proxy: ProxyURL?
    private let tls: (context: TLSContext, serverName: String)?
    private let resolver: NameResolver
    private var handler: (any DialHandler)?
    private var socketHandler: (any SocketHandler)?

    private var phase = Phase.ready
    private var lookup: Lookup?
    private var untried: ArraySlice<SocketAddress> = []
    private var attempts: [Socket] = []
    private var failures: [DialFailure.Attempt] = []
    private var nextAttempt: LoopTimer?
    private var tunnel: ProxyHandshake?

    /// A dial that has not begun.
    ///
    /// - Parameters:
    ///   - proxy: the one way to the endpoint; `nil` for a direct connection. A Unix socket has none: the dial fails.
    ///   - tls: the context, and the host that the peer's certificate has to be for; `nil` for a plain connection.
    ///   - handler: hears how the dial goes; held until it is over.
    ///   - socketHandler: hears of the socket, once it is established.
    public init(
        loop: EventLoop,
        to endpoint: Endpoint,
        through proxy: ProxyURL? = nil,
        tls: (context: TLSContext, serverName: String)?,
        resolver: NameResolver,
        handler: any DialHandler,
        socketHandler: any SocketHandler
    ) {
        self.loop = loop
        self.endpoint = endpoint
        self.proxy = proxy
        self.tls = tls
        self.resolver = resolver
        self.handler = handler
        self.socketHandler = socketHandler
    }

    /// Begins; once. The handler hears nothing before this returns.
    public func start() {
        loop.preconditionOnLoop()
        guard phase == .ready else { return }
        phase = .resolving
        let dial = LoopBound(self, to: loop)
        switch endpoint {
        case .unix(let path):
            loop.submit { dial.value.begin(unixPath: path) }
        case .host(let host, let port):
            let loop = loop
            let (reached, itsPort) = proxy.map { ($0.host, $0.port) } ?? (host, port)
            lookup = resolver.resolve(reached, port: itsPort, now: loop.now) { result in
                loop.submit { dial.value.resolved(result) }
            }
        }
    }

    /// Gives up: whatever is under way ends, and the handlers hear nothing any more. Harmless when it is over; an
    /// established socket is not touched.
    public func cancel() {
        loop.preconditionOnLoop()
        finish()
    }

    private func resolved(_ result: Result<[SocketAddress], NameResolutionError>) {
        guard phase == .resolving else { return }
        lookup = nil
        switch result {
        case .failure(let error): fail(.nameResolution(error))
        case .success(let addresses):
            guard !addresses.isEmpty else { return fail(.nameResolution(noAddress)) }
            let ordered = AddressOrder.interleaved(addresses)
            handler?.dialResolved(ordered)
            guard phase == .resolving else { return }
            begin(ordered)
        }
    }

    private var noAddress: NameResolutionError {
        NameResolutionError(host: proxy?.host ?? endpoint.description, kind: .notFound, detail: "an empty answer")
    }

    private func begin(unixPath path: String) {
        guard phase == .resolving else { return }
        guard proxy == nil else { return fail(.resources(code: EINVAL)) }
        guard let address = SocketAddress(unixPath: path) else {
            let tooLong = path.utf8.count > SocketAddress.longestUnixPath
            return fail(.resources(code: tooLong ? ENAMETOOLONG : EINVAL))
        }
        begin([address])
    }

    private func begin(_ addresses: [SocketAddress]) {
        phase = .connecting
        untried = addresses[...]
        tryNext()
    }

    /// Tries addresses until one is under way, then gives it its time.
    private func tryNext() {
        while phase == .connecting, let address = untried.popFirst() {
            switch Socket.connect(to: address, on: loop, for: self) {
            case .success(let socket):
                attempts.append(socket)
                armNextAttempt()
                return
            case .failure(.refused(let code)):
                failures.append(DialFailure.Attempt(address: address, code: code))
            case .failure(.resources(let code)):
                return fail(.resources(code: code))
            }
        }
        if phase == .connecting && attempts.isEmpty { fail(.connect(failures)) }
    }

    private func armNextAttempt() {
        guard !untried.isEmpty else {
            nextAttempt?.cancel()
            return
        }
        let timer = nextAttempt ?? loop.makeTimer { [unowned self] in tryNext() }
        nextAttempt = timer
        timer.arm(at: loop.now + Self.attemptDelay)
    }

    /// A socket is connected: the race is over.
    func attemptConnected(_ socket: Socket) {
        guard phase == .connecting else { return socket.detach() }
        phase = .tunneling
        nextAttempt = nil
        untried = []
        for loser in attempts where loser !== socket { loser.detach() }
        attempts = [socket]
        handler?.dialConnected(socket.remoteAddress)
        guard phase == .tunneling else { return }
        guard let proxy, case .host(let host, let port) = endpoint else { return proceed(on: socket) }
        let handshake = ProxyHandshake(through: proxy, toHost: host, port: port)
        tunnel = handshake
        socket.tunnel(beginningWith: handshake.begin())
    }

    /// What follows from a part of the proxy's answer.
    enum ProxyStep {
        case wait
        case send([UInt8])
        case proceed
        case fail(ProxyFailure)
    }

    /// Reads on in the proxy's answer.
    ///
    /// - Returns: how many of `bytes` belong to it, and what to do once they are consumed.
    func takeProxyAnswer(_ bytes: UnsafeRawBufferPointer) -> (consumed: Int, ProxyStep) {
        guard phase == .tunneling else { return (bytes.count, .wait) }
        do {
            switch try tunnel?.receive(bytes) ?? .needMore {
            case .needMore: return (bytes.count, .wait)
            case .send(let reply, let consumed): return (consumed, .send(reply))
            case .established(let consumed): return (consumed, .proceed)
            }
        } catch {
            return (bytes.count, .fail(error))
        }
    }

    /// Goes on after a part of the proxy's answer.
    func perform(_ step: ProxyStep, on socket: Socket) {
        guard phase == .tunneling, let proxy else { return }
        switch step {
        case .wait: return
        case .send(let bytes): socket.sendToProxy(bytes)
        case .fail(let failure): fail(.proxy(proxy, failure))
        case .proceed:
            tunnel = nil
            socket.tunneled()
            handler?.dialTunneled()
            guard phase == .tunneling else { return }
            proceed(on: socket)
        }
    }

    /// The socket leads to the endpoint.
    private func proceed(on socket: Socket) {
        guard let tls else {
            establish(socket)
            // The target's first bytes may be here already, and were announced with the proxy's last ones.
            if proxy != nil { socket.readSoon() }
            return
        }
        phase = .securing
        socket.secure(tls.context, serverName: tls.serverName)
    }

    /// The TLS handshake is done.
    func attemptSecured(_ socket: Socket) {
        guard phase == .securing else { return socket.detach() }
        establish(socket)
    }

    private func establish(_ socket: Socket) {
        guard let handler, let socketHandler else { return }
        socket.open(with: socketHandler)
        attempts = []
        finish()
        handler.dialEstablished(socket)
    }

    /// A socket ended before it was established.
    func attemptEnded(_ socket: Socket, _ end: SocketEnd) {
        attempts.removeAll { $0 === socket }
        guard loop.shutdownStep == .running else { return fail(.resources(code: ECANCELED)) }
        switch phase {
        case .ready, .resolving, .over: return
        case .connecting:
            failures.append(DialFailure.Attempt(address: socket.remoteAddress, code: end.code ?? ECANCELED))
            tryNext()
        case .tunneling:
            if let proxy { fail(.proxy(proxy, .ended(end.description))) }
        case .securing:
            if case .tls(let failure) = end { return fail(.tls(failure)) }
            let message = "TLS handshake with \(socket.remoteAddress) ended early: \(end)"
            fail(.tls(TLSFailure(kind: .closed, message: message)))
        }
    }

    private func fail(_ failure: DialFailure) {
        let handler = handler
        finish()
        handler?.dialFailed(failure)
    }

    private func finish() {
        guard phase != .over else { return }
        phase = .over
        lookup?.cancel()
        lookup = nil
        nextAttempt = nil
        untried = []
        let open = attempts
        attempts = []
        for socket in open { socket.detach() }
        handler = nil
        socketHandler = nil
    }
}
