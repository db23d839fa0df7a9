import Locking
import Glibc

/// A WebSocket peer on loopback that does whatever a test tells it to, right or wrong, byte by byte.
///
/// Each connection runs its behaviour on a thread of its own, in blocking steps. `stop()` wakes every step, ends every
/// connection, joins every thread and closes every descriptor; the same happens when the last reference goes.
public final class FaultServer: Sendable {
    /// What the server saw so far.
    public struct Counts: Hashable, Sendable {
        /// Connections that neither side has ended. A peer's FIN or RST counts from the moment the kernel has it.
        public var now = 0
        /// The largest value of `now` when a connection was accepted, by the clients' own view of their sockets: a client
        /// that ends one connection and dials the next is never counted with both.
        public var peak = 0
        /// Connections ever accepted.
        public var total = 0
    }

    /// Where the server listens; the port is never 0.
    public let address: ListenerAddress
    /// The port it listens on; 0 for a Unix socket.
    public let port: UInt16
    private let core: FaultCore
    private let acceptor: JoinableThread

    /// Listens and serves each connection with `behaviour`.
    ///
    /// - Throws: `SystemCallError` if the address is taken or resources are short.
    public init(_ address: ListenerAddress = .ipv4(), _ behaviour: FaultBehaviour) throws(SystemCallError) {
        let listener = try address.open()
        port = boundPort(of: listener)
        self.address = address.at(port: port)
        do throws(SystemCallError) {
            let core = FaultCore(port: port, stop: try StopSignal(), behaviour: behaviour)
            self.core = core
            acceptor = try JoinableThread("fault-accept") {
                core.acceptConnections(on: listener)
                close(listener)
            }
        } catch {
            close(listener)
            throw error
        }
    }

    /// Listens and serves each connection with `script`, on a thread of its own. What it throws ends the connection.
    public convenience init(
        _ address: ListenerAddress = .ipv4(),
        script: @escaping @Sendable (FaultConnection) throws -> Void
    ) throws(SystemCallError) {
        try self.init(address, FaultBehaviour(script))
    }

    /// The URL of `target` on this server: `ws://127.0.0.1:PORT/…`, `ws://[::1]:PORT/…` or `ws+unix:/PATH:/…`.
    public func url(_ target: String = "/") -> String {
        if case .unix(let path) = address { return "ws+unix:\(path):\(target)" }
        return "ws://\(address.authority)\(target)"
    }

    /// The counters, at this moment.
    public var counts: Counts {
        core.counts
    }

    /// The heads of all requests read so far, in order.
    public var requests: [MessageHead] {
        core.state.withLock { $0.requests }
    }

    /// The Close frames received so far that a behaviour read, in order.
    public var closes: [WireFrame] {
        core.state.withLock { $0.closes }
    }

    /// What behaviours threw, other than the end of their connection or of the server: a test may require it to be
    /// empty.
    public var scriptErrors: [String] {
        core.state.withLock { $0.scriptErrors }
    }

    /// Cuts every connection that is open now: the peer sees FIN, or RST if it had sent what nobody read.
    public func cutConnections() {
        core.state.withLock { state in
            for descriptor in state.descriptors.values { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    /// Ends everything and waits until it has ended. Idempotent; blocks for a moment.
    public func stop() {
        core.stop.raise()
        acceptor.join()
        core.joinAll()
        core.stop.discard()
        if case .unix(let path) = address { unlink(path) }
    }

    deinit {
        stop()
    }
}

/// The part of the server that its threads hold on to.
final class FaultCore: Sendable {
    struct State {
        var descriptors: [Int: Int32] = [:]
        var running: [Int: JoinableThread] = [:]
        var finished: [Int] = []
        var peak = 0
        var total = 0
        var requests: [MessageHead] = []
        var closes: [WireFrame] = []
        var scriptErrors: [String] = []
    }

    let port: UInt16
    let stop: StopSignal
    let behaviour: FaultBehaviour
    let state = OrderedMutex(State())

    init(port: UInt16, stop: StopSignal, behaviour: FaultBehaviour) {
        self.port = port
        self.stop = stop
        self.behaviour = behaviour
    }

    var counts: FaultServer.Counts {
        state.withLock { .init(now: openCount($0), peak: $0.peak, total: $0.total) }
    }

    func acceptConnections(on listener: Int32) {
        var watched = [
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            guard poll(&watched, 2, -1) > 0 else { continue }
            if watched[1].revents != 0 { return }
            let accepted = accept(listener, nil, nil)
            if accepted >= 0 {
                _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
                serve(accepted)
            }
            joinFinished()
        }
    }

    private func serve(_ descriptor: Int32) {
        let number = state.withLock { state in
            state.total += 1
            state.descriptors[state.total] = descriptor
            var now = openCount(state)
            // On a busy machine a new connection may overtake the end of an old one on its way here.
            if now > state.peak && port != 0 { now = min(now, TCPTable.clients(connectedTo: port)) }
            state.peak = max(state.peak, now)
            return state.total
        }
        // The lock is held while the thread starts, so that it cannot be finished before it is known to run.
        state.withLock { state in
            do {
                state.running[number] = try JoinableThread("fault-\(number)") { self.run(number, descriptor) }
            } catch {
                state.scriptErrors.append("connection \(number): \(error)")
                state.descriptors[number] = nil
                close(descriptor)
            }
        }
    }

    private func run(_ number: Int, _ descriptor: Int32) {
        let stream = RawStream(descriptor: descriptor, stop: stop) {
            self.state.withLock { $0.descriptors[number] = nil }
        }
        let connection = FaultConnection(number: number, stream: stream, core: self)
        do {
            try behaviour.script(connection)
        } catch let error as StreamError {
            switch error {
            case .stopped, .endedByPeer, .reset, .closed: break
            case .timedOut, .failed, .unexpected: record(number, error)
            }
        } catch {
            record(number, error)
        }
        stream.close()
        state.withLock { $0.finished.append(number) }
    }

    private func record(_ number: Int, _ error: any Error) {
        state.withLock { $0.scriptErrors.append("connection \(number): \(error)") }
    }

    private func joinFinished() {
        let ended = state.withLock { state in
            defer { state.finished.removeAll(keepingCapacity: true) }
            return state.finished.compactMap { state.running.removeValue(forKey: $0) }
        }
        for thread in ended { thread.join() }
    }

    func joinAll() {
        let left = state.withLock { state in
            defer { state.running.removeAll() }
            return Array(state.running.values)
        }
        for thread in left { thread.join() }
    }
}

/// How many connections neither side has ended, by what the kernel knows: a peer that closed and dials again is not
/// counted twice just because a thread has not looked yet. Under the lock, so that no descriptor can be reused.
private func openCount(_ state: FaultCore.State) -> Int {
    // POLLRDHUP, which the Glibc module lacks: the peer has sent FIN.
    let peerEnded: Int16 = 0x2000
    var watched = state.descriptors.values.map { pollfd(fd: $0, events: peerEnded, revents: 0) }
    guard !watched.isEmpty else { return 0 }
    guard poll(&watched, nfds_t(watched.count), 0) > 0 else { return watched.count }
    return watched.count { $0.revents & (peerEnded | Int16(POLLHUP | POLLERR)) == 0 }
}
