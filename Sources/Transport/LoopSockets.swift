/// One loop's sockets, and those of them that want something at the end of the turn. Confined to the loop's thread.
///
/// A class, because what it calls on the sockets leads back to it.
final class LoopSockets {
    private var all: [Socket] = []
    /// What the secure ones among them read through.
    let tlsReadBuffers = TLSReadBuffers()
    /// Asked for “writable” from inside a callback, where libwebsockets would forget it.
    private var wanting: [Socket] = []
    /// Have coalesced output.
    private var flushing: [Socket] = []
    /// Have bytes that no event will announce: inside OpenSSL, or kept back by a pause.
    private var returning: [Socket] = []
    /// Are to be ended.
    private var ending: [Socket] = []
    /// Lends its allocation to the list that is being served.
    private var spare: [Socket] = []

    /// Whether the next turn must follow at once.
    var hasMore: Bool {
        !returning.isEmpty || !wanting.isEmpty || !flushing.isEmpty || !ending.isEmpty
    }

    func add(_ socket: Socket) {
        socket.registration = all.count
        all.append(socket)
    }

    func remove(_ socket: Socket) {
        let index = socket.registration
        guard index >= 0 else { return }
        socket.registration = -1
        let last = all.removeLast()
        guard last !== socket else { return }
        all[index] = last
        last.registration = index
    }

    func wantWritable(_ socket: Socket) { wanting.append(socket) }
    func wantFlush(_ socket: Socket) { flushing.append(socket) }
    func wantReturn(_ socket: Socket) { returning.append(socket) }
    func wantEnd(_ socket: Socket) { ending.append(socket) }

    /// Lets the sockets read on that stopped before they were drained.
    func readOn() {
        guard !returning.isEmpty else { return }
        swap(&returning, &spare)
        serveSpare { $0.returnToReading() }
    }

    /// Flushes, asks for “writable”, and ends what is to be ended.
    func settle() {
        if !flushing.isEmpty {
            swap(&flushing, &spare)
            serveSpare { $0.flushCoalesced() }
        }
        if !wanting.isEmpty {
            swap(&wanting, &spare)
            serveSpare { $0.requestWritable() }
        }
        // A socket's end may end others: each is on the list once in its life.
        while !ending.isEmpty {
            swap(&ending, &spare)
            serveSpare { $0.endNow() }
        }
    }

    /// Has every socket end in this turn.
    func abortAll() {
        for socket in all { socket.abort() }
    }

    /// Calls `body` with each socket that was swapped out. Not re-entered: what it leads to only fills the lists.
    private func serveSpare(_ body: (Socket) -> Void) {
        for socket in spare { body(socket) }
        spare.removeAll(keepingCapacity: true)
    }
}
