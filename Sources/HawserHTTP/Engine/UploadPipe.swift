import Locking

/// The content of a request on its way from its source to the engine: bounded, so that a server that does not read stops
/// the source.
final class UploadPipe: Sendable {
    /// With so many bytes waiting the source waits.
    private static let high = 256 << 10

    /// What the engine got.
    enum Supply {
        case bytes(Int)
        /// The source has none ready; the engine will be told.
        case later
        case end
        case failed(any Error)
    }

    private struct State {
        var bytes: [UInt8] = []
        var cursor = 0
        var writer: CheckedContinuation<Bool, Never>?
        var end: Result<Void, any Error>?
        /// The engine waits.
        var isStarved = false
        /// The engine wants no more.
        var isClosed = false
        var onFed: (@Sendable () -> Void)?
    }

    private let state = OrderedMutex(State())

    /// From now on `onFed` is called when there is something for an engine that waits.
    func listen(_ onFed: @escaping @Sendable () -> Void) {
        state.withLock { $0.onFed = onFed }
    }

    /// Sends everything that `stream` gives, until the engine wants no more.
    func fill(from stream: ContentStream) async {
        do {
            let next = try stream.open()
            while let chunk = try await next() {
                guard await push(chunk) else { return }
            }
            finish(.success(()))
        } catch {
            finish(.failure(error))
        }
    }

    /// Hands a chunk over; waits while the engine has enough.
    ///
    /// - Returns: whether more is wanted.
    private func push(_ chunk: [UInt8]) async -> Bool {
        let onFed = state.withLock { state -> (@Sendable () -> Void)? in
            guard !state.isClosed, !chunk.isEmpty else { return nil }
            state.bytes.append(contentsOf: chunk)
            return Self.wake(&state)
        }
        onFed?()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    if state.isClosed || Task.isCancelled { return false }
                    if state.bytes.count - state.cursor < Self.high { return true }
                    state.writer = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            state.withLock { Self.takeWriter(&$0) }?.resume(returning: false)
        }
    }

    private func finish(_ result: Result<Void, any Error>) {
        let onFed = state.withLock { state -> (@Sendable () -> Void)? in
            if state.end == nil { state.end = result }
            return Self.wake(&state)
        }
        onFed?()
    }

    /// Fills `room` with what is there. On the engine's thread.
    func take(into room: UnsafeMutableRawBufferPointer) -> Supply {
        let (supply, writer) = state.withLock { state -> (Supply, CheckedContinuation<Bool, Never>?) in
            let waiting = state.bytes.count - state.cursor
            guard waiting > 0 else {
                switch state.end {
                case .success?: return (.end, nil)
                case .failure(let error)?: return (.failed(error), nil)
                case nil:
                    state.isStarved = true
                    return (.later, nil)
                }
            }
            let count = min(waiting, room.count)
            state.bytes.withUnsafeBytes { bytes in
                room.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[state.cursor..<state.cursor + count]))
            }
            state.cursor += count
            if state.cursor == state.bytes.count {
                state.bytes.removeAll(keepingCapacity: true)
                state.cursor = 0
            }
            return (.bytes(count), waiting - count < Self.high / 2 ? Self.takeWriter(&state) : nil)
        }
        writer?.resume(returning: true)
        return supply
    }

    /// The engine wants no more.
    func close() {
        let writer = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            state.isClosed = true
            state.bytes = []
            state.cursor = 0
            state.onFed = nil
            return Self.takeWriter(&state)
        }
        writer?.resume(returning: false)
    }

    private static func wake(_ state: inout State) -> (@Sendable () -> Void)? {
        guard state.isStarved else { return nil }
        state.isStarved = false
        return state.onFed
    }

    private static func takeWriter(_ state: inout State) -> CheckedContinuation<Bool, Never>? {
        defer { state.writer = nil }
        return state.writer
    }
}
