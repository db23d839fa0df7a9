import CLibwebsockets
import Glibc
import NameResolution
import Synchronization

/// The type of libwebsockets' callback as a C function; Swift imports it as a closure.
typealias SocketCallback =
    @convention(c) (
        OpaquePointer?, lws_callback_reasons, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int
    ) -> Int32

/// Every event of every client socket. A global function: a closure could become isolated to an actor.
func socketCallback(
    _ wsi: OpaquePointer?,
    _ reason: lws_callback_reasons,
    _ user: UnsafeMutableRawPointer?,
    _ input: UnsafeMutableRawPointer?,
    _ length: Int
) -> Int32 {
    switch reason {
    case LWS_CALLBACK_RAW_RX_FILE, LWS_CALLBACK_RAW_WRITEABLE_FILE, LWS_CALLBACK_RAW_CLOSE_FILE:
        guard let owner = lws_get_opaque_user_data(wsi) else { return 0 }
        // Proof: libwebsockets holds the reference that the adoption retained until WSI_DESTROY.
        return Unmanaged<Socket>.fromOpaque(owner)._withUnsafeGuaranteedRef { socket in
            if reason == LWS_CALLBACK_RAW_CLOSE_FILE {
                socket.closed()
                return 0
            }
            return socket.serve(isReadable: reason == LWS_CALLBACK_RAW_RX_FILE) ? 0 : -1
        }
    case LWS_CALLBACK_WSI_DESTROY:
        guard let owner = lws_get_opaque_user_data(wsi) else { return 0 }
        let socket = Unmanaged<Socket>.fromOpaque(owner).takeRetainedValue()
        socket.loop.socketCount.subtract(1, ordering: .releasing)
        return 0
    default:
        return 0
    }
}

extension Socket {
    /// Starts to connect to `address`.
    ///
    /// - Returns: a socket whose `establishment` hears of it from now on, or the `errno` that stood in the way, with
    ///   nothing left open.
    static func connect(
        to address: SocketAddress,
        on loop: EventLoop,
        for dial: Dial
    ) -> Result<Socket, ConnectError> {
        guard loop.shutdownStep == .running, let context = loop.context else { return .failure(.resources(ECANCELED)) }
        let family =
            switch address.family {
            case .ipv4: AF_INET
            case .ipv6: AF_INET6
            case .unix: AF_UNIX
            }
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(family, flags, 0)
        guard descriptor >= 0 else {
            // A family that the kernel does not know is the address's fault, not a shortage.
            return .failure(errno == EAFNOSUPPORT ? .refused(errno) : .resources(errno))
        }
        guard descriptor < context.descriptorLimit else {
            close(descriptor)
            return .failure(.resources(EMFILE))
        }
        if address.family != .unix { setOption(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY) }
        let status = address.withSockaddr { raw, length in Glibc.connect(descriptor, raw, length) }
        // A Unix socket whose queue is full says EAGAIN, and no event would ever follow.
        if status != 0 && errno != EINPROGRESS {
            let code = errno
            close(descriptor)
            return .failure(.refused(code))
        }
        let socket = Socket(loop: loop, descriptor: descriptor, remoteAddress: address)
        // Retained here for libwebsockets, released in WSI_DESTROY.
        let retained = Unmanaged.passRetained(socket)
        guard let wsi = context.adopt(descriptor, owner: retained.toOpaque()) else {
            // The half-made object inside the library keeps the descriptor and the reference: leaked, never closed twice.
            return .failure(.resources(ENOMEM))
        }
        socket.wsi = wsi
        socket.establishment = dial
        loop.socketCount.add(1, ordering: .relaxed)
        loop.sockets.add(socket)
        lws_callback_on_writable(wsi)
        return .success(socket)
    }

    private static func setOption(_ descriptor: Int32, _ level: Int32, _ option: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, level, option, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Why a socket could not even begin to connect, with the `errno`.
    enum ConnectError: Error {
        /// This side lacks something; another address would fare no better.
        case resources(Int32)
        /// This address is out of reach.
        case refused(Int32)
    }

    /// A callback of libwebsockets.
    ///
    /// - Returns: whether the socket lives on.
    fileprivate func serve(isReadable: Bool) -> Bool {
        guard !isDoomed else { return false }
        isInCallback = true
        if isReadable { becameReadable() } else { becameWritable() }
        isInCallback = false
        return !isDoomed
    }

    private func becameReadable() {
        switch state {
        case .connecting, .ended: return
        case .tunneling: readFromProxy()
        case .securing:
            handshake()
            if state == .open && !isDoomed { read() }
        case .open:
            if tls != nil && !output.isEmpty { flush() }
            if !isDoomed { read() }
        }
    }

    private func becameWritable() {
        switch state {
        case .connecting:
            if let failure = connectionError() { return fail(failure) }
            establishment?.attemptConnected(self)
        case .tunneling: writeToProxy()
        case .securing: handshake()
        case .open: flush()
        case .ended: return
        }
    }

    /// Asks to be told when the socket is writable; inside a callback libwebsockets would forget it.
    func wantWritable() {
        guard !isDoomed, let wsi else { return }
        if !isInCallback {
            lws_callback_on_writable(wsi)
        } else if !isOnWritableList {
            isOnWritableList = true
            loop.sockets.wantWritable(self)
        }
    }

    /// The end of the turn, for a socket that wants to write.
    func requestWritable() {
        isOnWritableList = false
        guard !isDoomed, let wsi else { return }
        lws_callback_on_writable(wsi)
    }
}
