import CLibwebsockets
import Glibc
import MonotonicTime
import Transport

/// A server on libwebsockets' HTTP and WebSocket roles, on an event loop that it shares with others. Confined to the loop.
///
/// It has virtual hosts of its own in the loop's context, listens on a socket of its own and knows each descriptor, so
/// that `stop` can end everything that belongs to it and nothing else. The handler says what is served, or whoever makes
/// the connections does.
package final class LibwebsocketsServer {
    /// How long clients have to answer the Close with which `stop` begins.
    private static let closingTime: Duration = .milliseconds(500)
    private static let name: StaticString = "hawser-server"

    /// What answers the requests of a ``ServerConnection``.
    package let handler: (any ServerHandler)?
    /// The loop it runs on.
    package let loop: EventLoop
    /// The port it listens on; 0 until `start`.
    package private(set) var port: UInt16 = 0
    /// Presented to clients, if there is one.
    let certificate: ServerCertificate?
    private let connectionLimit: Int
    private let makeConnection: (LibwebsocketsServer) -> ServedDescriptor
    private let protocols: UnsafeMutablePointer<lws_protocols>
    private var vhost: OpaquePointer?
    /// With TLS, for accepted connections.
    private var secureVhost: OpaquePointer?
    private var listener: ServerListener?
    private var descriptors: [ObjectIdentifier: ServedDescriptor] = [:]
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
    package convenience init(loop: EventLoop, handler: any ServerHandler, connectionLimit: Int = 1000) {
        self.init(loop: loop, handler: handler, certificate: nil, connectionLimit: connectionLimit) {
            ServerConnection(server: $0)
        }
    }

    /// A server that is not started yet, with connections of its own kind.
    ///
    /// - Parameters:
    ///   - certificate: makes it a TLS server.
    ///   - makeConnection: makes the object behind each accepted connection.
    init(
        loop: EventLoop,
        handler: (any ServerHandler)? = nil,
        certificate: ServerCertificate?,
        connectionLimit: Int,
        makeConnection: @escaping (LibwebsocketsServer) -> ServedDescriptor
    ) {
        self.loop = loop
        self.handler = handler
        self.certificate = certificate
        self.makeConnection = makeConnection
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
    package private(set) var connectionCount = 0

    /// Listens on `address`; connections are served from now on.
    package func start(_ address: ListenAddress) throws(ServerError) {
        guard phase == .new else { throw .startedBefore }
        let (descriptor, port) = try address.listen()
        vhost = makeVirtualHost(isSecure: false)
        if certificate != nil { secureVhost = makeVirtualHost(isSecure: true) }
        guard let vhost, certificate == nil || secureVhost != nil else {
            close(descriptor)
            destroyVirtualHosts()
            throw .library
        }
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
        guard phase == .serving, let vhost = secureVhost ?? vhost else {
            close(descriptor)
            return
        }
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
        hold(makeConnection(self), descriptor, on: vhost)
        if connectionCount >= connectionLimit && !isFull {
            isFull = true
            listener?.pause()
        }
    }

    /// Gives `descriptor`, which is not an accepted one, to the library. False if that did not take it; it is closed then.
    @discardableResult
    func serve(_ object: ServedDescriptor, _ descriptor: Int32) -> Bool {
        guard phase == .serving || phase == .stopping, let vhost else {
            close(descriptor)
            return false
        }
        return hold(object, descriptor, on: vhost)
    }

    @discardableResult
    private func hold(_ object: ServedDescriptor, _ descriptor: Int32, on vhost: OpaquePointer) -> Bool {
        descriptors[ObjectIdentifier(object)] = object
        if object.countsAsConnection { connectionCount += 1 }
        let type = lws_adoption_type(rawValue: object.adoptionType)
        guard object.adopt(descriptor, as: type, on: vhost, protocolName: Self.name) else {
            forget(object)
            return false
        }
        object.adopted()
        return true
    }

    private func forget(_ object: ServedDescriptor) {
        guard descriptors.removeValue(forKey: ObjectIdentifier(object)) != nil else { return }
        if object.countsAsConnection { connectionCount -= 1 }
    }

    func descriptorDestroyed(_ object: ServedDescriptor) {
        forget(object)
        if isFull && connectionCount < connectionLimit {
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
        for object in Array(descriptors.values) { object.serverStops() }
        let timer = loop.makeTimer { [unowned self] in
            for object in Array(descriptors.values) { object.drop() }
        }
        timer.arm(at: loop.now + Self.closingTime)
        closingTimer = timer
        finishStoppingIfEmpty()
    }

    private func finishStoppingIfEmpty() {
        guard phase == .stopping, listener == nil, descriptors.isEmpty else { return }
        phase = .stopped
        closingTimer?.cancel()
        closingTimer = nil
        // Not from inside the callback about the last descriptor: the library still counts that one.
        let bound = LoopBound(self, to: loop)
        loop.submit { bound.value.finishStopping() }
    }

    private func finishStopping() {
        destroyVirtualHosts()
        assert(vhost == nil && secureVhost == nil, "a descriptor is still bound to one of the server's virtual hosts")
        let waiters = waiters
        self.waiters = []
        for waiter in waiters { waiter() }
    }

    // MARK: The virtual hosts

    private func makeVirtualHost(isSecure: Bool) -> OpaquePointer? {
        guard let context = loop.libwebsocketsContext else { return nil }
        var info = lws_context_creation_info()
        info.port = CONTEXT_PORT_NO_LISTEN_SERVER
        info.gid = -1
        info.uid = -1
        info.vhost_name = Self.name.cString
        info.protocols = UnsafePointer(protocols)
        info.finalize = virtualHostFinalized
        if isSecure {
            info.options =
                UInt64(LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT) | UInt64(LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX)
            info.alpn = ServerCertificate.applicationProtocol.cString
            // Only looked at while the virtual host is made, by ServerCertificate.
            info.user = Unmanaged.passUnretained(self).toOpaque()
        }
        // Released in virtualHostFinalized, when the library frees the virtual host, with the context at the latest.
        let reference = Unmanaged.passRetained(self)
        info.finalize_arg = reference.toOpaque()
        guard let vhost = lws_create_vhost(context, &info) else {
            reference.release()
            return nil
        }
        return vhost
    }

    /// With nothing bound to it a virtual host goes at once; otherwise it would only go with the context (4.1.6).
    private func destroyVirtualHosts() {
        if let secureVhost { lws_vhost_destroy(secureVhost) }
        if let vhost { lws_vhost_destroy(vhost) }
    }

    fileprivate func forgetVirtualHost(_ gone: OpaquePointer?) {
        if secureVhost == gone { secureVhost = nil } else { vhost = nil }
    }
}

/// libwebsockets frees a virtual host of a server, on its loop's thread.
private func virtualHostFinalized(_ vhost: OpaquePointer?, _ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    // Proof: retained in makeVirtualHost, and a virtual host is finalized once.
    Unmanaged<LibwebsocketsServer>.fromOpaque(argument).takeRetainedValue().forgetVirtualHost(vhost)
}
