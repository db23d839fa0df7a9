import Locking

/// The content of an answer on its way from the engine to its one reader: bounded, so that a reader that stops reading
/// stops the server.
final class BodyPipe: Sendable {
    /// With so many bytes waiting the engine stops reading.
    private static let high = 128 << 10

    private struct State {
        var bytes: [UInt8] = []
        var reader: CheckedContinuation<[UInt8]?, any Error>?
        var end: Result<Void, any Error>?
        /// The engine was told to wait.
        var isHeld = false
        /// Nobody reads any more.
        var isAbandoned = false
    }

    private let state = OrderedMutex(State())
    /// Has the engine go on.
    private let goOn: @Sendable () -> Void

    init(goOn: @escaping @Sendable () -> Void) {
        self.goOn = goOn
    }

    /// Takes bytes from the engine.
    ///
    /// - Returns: false if they must be offered again once the engine is told to go on.
    func offer(_ bytes: UnsafeRawBufferPointer) -> Bool {
        let (isTaken, reader) = state.withLock { state -> (Bool, CheckedContinuation<[UInt8]?, any Error>?) in
            if state.isAbandoned { return (true, nil) }
            if let reader = state.reader {
                state.reader = nil
                return (true, reader)
            }
            guard state.bytes.isEmpty || state.bytes.count + bytes.count <= Self.high else {
                state.isHeld = true
                return (false, nil)
            }
            state.bytes.append(contentsOf: bytes)
            return (true, nil)
        }
        reader?.resume(returning: Array(bytes))
        return isTaken
    }

    /// Nothing more comes; an error is thrown to the reader behind what is here.
    func finish(_ result: Result<Void, any Error>) {
        let reader = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
            if state.end == nil { state.end = result }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(with: result.map { nil })
    }

    /// Nobody reads any more: what comes is dropped.
    func abandon() {
        state.withLock { state in
            state.isAbandoned = true
            state.bytes = []
        }
    }

    /// Everything that has come since the last call; waits if that is nothing; nil at the end. By one task at a time.
    func next() async throws -> [UInt8]? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let (answer, goesOn) = state.withLock { state -> (Result<[UInt8]?, any Error>?, Bool) in
                    if !state.bytes.isEmpty {
                        let goesOn = state.isHeld
                        state.isHeld = false
                        let bytes = state.bytes
                        state.bytes = []
                        return (.success(bytes), goesOn)
                    }
                    if let end = state.end { return (end.map { nil }, false) }
                    if Task.isCancelled { return (.failure(CancellationError()), false) }
                    guard state.reader == nil else { return (.failure(HTTPBodyMisuse()), false) }
                    state.reader = continuation
                    return (nil, false)
                }
                if let answer { continuation.resume(with: answer) }
                if goesOn { goOn() }
            }
        } onCancel: {
            let reader = state.withLock { state -> CheckedContinuation<[UInt8]?, any Error>? in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(throwing: CancellationError())
        }
    }
}

/// Two tasks read the content of one answer at the same time.
struct HTTPBodyMisuse: Error, CustomStringConvertible {
    var description: String { "the content of an answer is read by one task at a time" }
}
