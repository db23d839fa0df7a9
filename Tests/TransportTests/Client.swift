import Locking
import MonotonicTime
import NameResolution
import TestSupport
import Transport

/// What a dial and its socket have told their handler, for any thread to look at.
final class Record: Sendable {
    struct State {
        var resolved: [SocketAddress] = []
        var connected: [SocketAddress] = []
        var established = 0
        var failures: [DialFailure] = []
        var bytes: [UInt8] = []
        var reads = 0
        var drained = 0
        var ends: [SocketEnd] = []
        /// Calls that should not have come: any after the last.
        var late: [String] = []
    }

    private let state = OrderedMutex(State())

    var now: State { state.withLock { $0 } }
    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var byteCount: Int { state.withLock { $0.bytes.count } }
    var end: SocketEnd? { state.withLock { $0.ends.last } }
    var isOver: Bool { state.withLock { !$0.ends.isEmpty || !$0.failures.isEmpty } }

    func change(_ what: String, _ body: (inout State) -> Void) {
        state.withLock { state in
            if !state.ends.isEmpty || !state.failures.isEmpty { state.late.append(what) }
            body(&state)
        }
    }
}

/// A dial and its socket, recorded. Confined to the loop.
final class Client: DialHandler, SocketHandler {
    let record = Record()
    /// How much of what it is offered it takes.
    var consumes: (UnsafeRawBufferPointer) -> Int = { $0.count }
    /// Where it wants its bytes: nowhere, or at most so many at a time in a place of its own.
    var roomSize = 0
    private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 100_000, alignment: 1)
    var onEstablished: (Socket) -> Void = { _ in }
    var onReceived: (Socket) -> Void = { _ in }
    var onConnected: () -> Void = {}
    var onEnded: () -> Void = {}
    private(set) var dial: Dial?
    private(set) var socket: Socket?

    func start(
        _ loop: EventLoop,
        _ endpoint: Endpoint,
        tls: (context: TLSContext, serverName: String)?,
        _ resolver: NameResolver
    ) {
        let dial = Dial(
            loop: loop,
            to: endpoint,
            tls: tls,
            resolver: resolver,
            handler: self,
            socketHandler: self
        )
        self.dial = dial
        dial.start()
    }

    func dialResolved(_ addresses: [SocketAddress]) {
        record.change("resolved") { $0.resolved = addresses }
    }

    func dialConnected(_ address: SocketAddress) {
        record.change("connected") { $0.connected.append(address) }
        onConnected()
    }

    func dialEstablished(_ socket: Socket) {
        self.socket = socket
        dial = nil
        record.change("established") { $0.established += 1 }
        onEstablished(socket)
    }

    func dialFailed(_ failure: DialFailure) {
        dial = nil
        record.change("failed") { $0.failures.append(failure) }
    }

    func socketReceived(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = consumes(bytes)
        record.change("received") { state in
            state.reads += 1
            state.bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        }
        if let socket { onReceived(socket) }
        return count
    }

    func socketRoom() -> UnsafeMutableRawBufferPointer? {
        guard roomSize > 0 else { return nil }
        return UnsafeMutableRawBufferPointer(rebasing: room[..<roomSize])
    }

    func socketReceived(inRoom count: Int) {
        record.change("received") { state in
            state.reads += 1
            state.bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: room[..<count]))
        }
        if let socket { onReceived(socket) }
    }

    deinit {
        room.deallocate()
    }

    func socketDrained() {
        record.change("drained") { $0.drained += 1 }
    }

    func socketEnded(_ end: SocketEnd) {
        socket = nil
        record.change("ended") { $0.ends.append(end) }
        onEnded()
    }
}

/// A client on a loop, for a test that is not on it.
struct Connection: Sendable {
    let loop: EventLoop
    let record: Record
    private let client: LoopBound<Client>

    /// Dials and returns at once.
    static func dial(
        _ loop: EventLoop,
        _ endpoint: Endpoint,
        tls: (context: TLSContext, serverName: String)? = nil,
        resolver: NameResolver = NameResolver(),
        _ prepare: @escaping @Sendable (Client) -> Void = { _ in }
    ) async -> Connection {
        await loop.run {
            let client = Client()
            prepare(client)
            client.start(loop, endpoint, tls: tls, resolver)
            return Connection(loop: loop, record: client.record, client: LoopBound(client, to: loop))
        }
    }

    /// Dials and waits until the connection stands.
    static func establish(
        _ loop: EventLoop,
        _ endpoint: Endpoint,
        tls: (context: TLSContext, serverName: String)? = nil,
        _ prepare: @escaping @Sendable (Client) -> Void = { _ in }
    ) async throws -> Connection {
        let connection = await dial(loop, endpoint, tls: tls, prepare)
        try await eventually("an established connection") {
            if let failure = connection.record.now.failures.first { throw failure }
            return connection.record.now.established == 1
        }
        return connection
    }

    /// Does something with the socket, on the loop; nothing if there is none.
    @discardableResult
    func with<Result: Sendable>(_ body: @escaping @Sendable (Socket) -> Result) async -> Result? {
        await loop.run { client.value.socket.map(body) }
    }

    func cancelDial() async {
        await loop.run { client.value.dial?.cancel() }
    }

    /// Waits for the one end of the dial or the socket.
    func over() async throws {
        try await eventually("the end") { record.isOver }
    }
}

/// Runs `body` with a loop that is shut down afterwards, whatever happens.
func withLoop<Result: Sendable>(_ body: (EventLoop) async throws -> Result) async throws -> Result {
    let loop = try EventLoop(name: "test-loop")
    do {
        let result = try await body(loop)
        await loop.shutdown()
        return result
    } catch {
        await loop.shutdown()
        throw error
    }
}
