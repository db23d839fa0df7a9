import CLibwebsockets
import Glibc
import MonotonicTime
import Transport

/// A server on libwebsockets' HTTP and WebSocket roles, on an event loop that it shares with others. Confined to the loop.
///
/// It has a virtual host of its own in the loop's context, listens on a socket of its own and knows each connection, so
/// that `stop` can end everything that belongs to it and nothing else. The handler says what is served.
package final class LibwebsocketsServer {
    /// How long clients have to answer the Close with which `stop` begins.
    private static let closingTime: Duration = .milliseconds(500)
    private static let name: StaticString = "hawser-server"

    /// What answers the requests.
    package let handler: any ServerHandler
    /// The loop it runs on.
    package let loop: EventLoop
    /// The port it listens on; 0 until `start`.
    package private(set) var port: UInt16 = 0
    private let connectionLimit: Int
    private let protocols: UnsafeMutablePointer<lws_protocols>
    private var vhost: OpaquePointer?
    private var listener: ServerListener?
    private var connections: [ObjectIdentifier: ServerConnection] = [:]
    private var isFull = false
    private var closingTimer: LoopTimer?
    private var waiters: [() -> Void] = []
    private var phase = Phase.new

    private enum Phase {
        case new, serving, stopping, stopped
    }

    /// A server that is not started yet.
    ///
    /// - Parameter connectionLimit: connections at once; more wait in the kernel's queue.
    package init(loop: EventLoop, handler: any ServerHandler, connectionLimit: Int = 1000) {
        self.loop = loop
        self.handler = handler
        self.connectionLimit = max(1, connectionLimit)
        protocols = .allocate(capacity: 2)
        protocols.initialize(repeating: lws_protocols(), count: 2)
        protocols[0].name = Self.name.cString
        protocols[0].callback = serverCallback as ServerCallback
    }

    deinit {
        protocols.deallocate()
    }

    /// How many connections there are, those that are closing included.
    package var connectionCount: Int {
        connections.count
    }

    /// Listens on `address`; connections are served from now on.
    package func start(_ address: ListenAddress) throws(ServerError) {
        guard phase == .new else { throw .startedBefore }
        let (descriptor, port) = try address.listen()
        guard let vhost = makeVirtualHost() else {
            close(descriptor)
            throw .library
        }
        self.vhost = vhost
        self.port = port
        let listener = ServerListener(
            descriptor,
            loop: loop,
            onAccept: { [unowned self] in serve($0) },
            onDestroyed: { [unowned self] in listenerDestroyed() }
        )
        phase = .serving
        self.listener = listener
        guard listener.adopt(descriptor, as: LWS_ADOPT_RAW_FILE_DESC, on: vhost, protocolName: Self.name) else {
            self.listener = nil
            stop {}
            throw .library
        }
    }

    /// Ends it: no more connections, sessions are closed with 1001, and after half a second whatever is left is cut.
    /// `completion` is called on the loop when every descriptor is closed and the virtual host is gone. Idempotent.
    package func stop(_ completion: @escaping () -> Void) {
        switch phase {
        case .new, .stopped:
            phase = .stopped
            completion()
        case .stopping:
            waiters.append(completion)
        case .serving:
            phase = .stopping
            waiters.append(completion)
            beginStopping()
        }
    }

    // MARK: Connections

    private func serve(_ descriptor: Int32) {
        guard phase == .serving, let vhost else {
            close(descriptor)
            return
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        let connection = ServerConnection(server: self)
        let type = lws_adoption_type(rawValue: LWS_ADOPT_SOCKET.rawValue | LWS_ADOPT_HTTP.rawValue)
        connections[ObjectIdentifier(connection)] = connection
        guard connection.adopt(descriptor, as: type, on: vhost, protocolName: Self.name) else {
            connections[ObjectIdentifier(connection)] = nil
            return
        }
        if connections.count >= connectionLimit && !isFull {
            isFull = true
            listener?.pause()
        }
    }

    func connectionDestroyed(_ connection: ServerConnection) {
        connections[ObjectIdentifier(connection)] = nil
        if isFull && connections.count < connectionLimit {
            isFull = false
            listener?.resume()
        }
        finishStoppingIfEmpty()
    }

    private func listenerDestroyed() {
        listener = nil
        finishStoppingIfEmpty()
    }

    // MARK: Stopping

    private func beginStopping() {
        listener?.drop()
        for connection in connections.values {
            if connection.isSession { connection.close(1001, "the server stops") } else { connection.drop() }
        }
        let timer = loop.makeTimer { [unowned self] in
            for connection in connections.values { connection.drop() }
        }
        timer.arm(at: loop.now + Self.closingTime)
        closingTimer = timer
        finishStoppingIfEmpty()
    }

    private func finishStoppingIfEmpty() {
        guard phase == .stopping, listener == nil, connections.isEmpty else { return }
        phase = .stopped
        closingTimer?.cancel()
        closingTimer = nil
        // Not from inside the callback about the last descriptor: the library still counts that one.
        let bound = LoopBound(self, to: loop)
        loop.submit { bound.value.finishStopping() }
    }

    private func finishStopping() {
        // With nothing bound to it the virtual host goes at once; otherwise it would only go with the context (4.1.6).
        if let vhost { lws_vhost_destroy(vhost) }
        assert(vhost == nil, "a descriptor is still bound to the server's virtual host")
        let waiters = waiters
        self.waiters = []
        for waiter in waiters { waiter() }
    }

    // MARK: The virtual host

    private func makeVirtualHost() -> OpaquePointer? {
        guard let context = loop.libwebsocketsContext else { return nil }
        var info = lws_context_creation_info()
        info.port = CONTEXT_PORT_NO_LISTEN_SERVER
        info.gid = -1
        info.uid = -1
        info.vhost_name = Self.name.cString
        info.protocols = UnsafePointer(protocols)
        info.finalize = virtualHostFinalized
        // Released in virtualHostFinalized, when the library frees the virtual host, with the context at the latest.
        let reference = Unmanaged.passRetained(self)
        info.finalize_arg = reference.toOpaque()
        guard let vhost = lws_create_vhost(context, &info) else {
            reference.release()
            return nil
        }
        return vhost
    }

    fileprivate func forgetVirtualHost() {
        vhost = nil
    }
}

/// libwebsockets frees the virtual host of a server, on its loop's thread.
private func virtualHostFinalized(_ vhost: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    // Proof: retained in makeVirtualHost, and a virtual host is finalized once.
    Unmanaged<LibwebsocketsServer>.fromOpaque(argument).takeRetainedValue().forgetVirtualHost()
}
