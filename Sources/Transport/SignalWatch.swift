import CLibwebsockets

/// Signals that an event loop answers, until cancelled. See ``EventLoop/onSignal(_:_:)``.
public final class SignalWatch: Sendable {
    private let loop: EventLoop
    let id: UInt64

    init(loop: EventLoop, id: UInt64) {
        self.loop = loop
        self.id = id
    }

    /// Gives the signals back to the process: what they did before, they do again. From any thread; harmless twice.
    public func cancel() {
        let (loop, id) = (loop, id)
        loop.submit { loop.signals.remove(id) }
    }
}

/// One loop's libuv signal handles. Confined to the loop's thread.
struct LoopSignals {
    private final class Handler {
        let body: @Sendable (Int32) -> Void
        init(_ body: @escaping @Sendable (Int32) -> Void) { self.body = body }
    }

    private var watches: [UInt64: [UnsafeMutablePointer<uv_signal_t>]] = [:]
    private var lastID: UInt64 = 0

    /// Starts a handle a signal.
    ///
    /// - Returns: the watch's number, or libuv's error.
    mutating func add(
        _ signals: [Int32],
        on loop: UnsafeMutablePointer<uv_loop_t>,
        _ body: @escaping @Sendable (Int32) -> Void
    ) -> Result<UInt64, EventLoopError> {
        var handles: [UnsafeMutablePointer<uv_signal_t>] = []
        for signal in signals {
            let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
            let status = uv_signal_init(loop, handle)
            guard status == 0 else {
                handle.deallocate()
                handles.forEach(Self.close)
                return .failure(.libuv(code: status))
            }
            // Retained here, released in the handle's close callback below.
            handle.pointee.data = Unmanaged.passRetained(Handler(body)).toOpaque()
            handles.append(handle)
            let started = uv_signal_start(handle, signalArrived, signal)
            guard started == 0 else {
                handles.forEach(Self.close)
                return .failure(.libuv(code: started))
            }
        }
        lastID &+= 1
        watches[lastID] = handles
        return .success(lastID)
    }

    mutating func remove(_ id: UInt64) {
        watches.removeValue(forKey: id)?.forEach(Self.close)
    }

    mutating func removeAll() {
        for id in Array(watches.keys) { remove(id) }
    }

    private static func close(_ handle: UnsafeMutablePointer<uv_signal_t>) {
        uv_close(UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self), signalClosed)
    }

    fileprivate static func arrived(_ handle: UnsafeMutablePointer<uv_signal_t>, _ signal: Int32) {
        guard let data = handle.pointee.data else { return }
        Unmanaged<Handler>.fromOpaque(data).takeUnretainedValue().body(signal)
    }

    fileprivate static func closed(_ handle: UnsafeMutablePointer<uv_handle_t>) {
        if let data = handle.pointee.data { Unmanaged<Handler>.fromOpaque(data).release() }
        UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_signal_t.self).deallocate()
    }
}

private func signalArrived(_ handle: UnsafeMutablePointer<uv_signal_t>?, _ signal: Int32) {
    guard let handle else { return }
    LoopSignals.arrived(handle, signal)
}

private func signalClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    guard let handle else { return }
    LoopSignals.closed(handle)
}
