import Glibc
import HawserHTTP
import Locking

/// A line that is not empty and no comment.
struct InputLine: Sendable {
    /// From 1 on.
    var number: Int
    var text: String
}

/// The lines of a file or of standard input, read where reading may block.
final class InputLines: Sendable {
    private struct State {
        var descriptor: Int32
        var buffer: [UInt8] = []
        var number = 0
        var isAtEnd = false
        var failure: FetchInputFailure?
    }

    /// Longer lines are no requests.
    static let limit = 1 << 20
    private static let piece = 64 << 10

    private let path: String
    private let state: OrderedMutex<State>

    /// The file at `path`; `-` for standard input.
    init(_ path: String) throws(FetchInputFailure) {
        self.path = path
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FetchInputFailure(path: path, detail: SystemError.text(errno)) }
        state = OrderedMutex(State(descriptor: descriptor))
    }

    deinit {
        state.withLock { state in
            if state.descriptor > STDERR_FILENO { close(state.descriptor) }
        }
    }

    /// Why the lines ended before their end; nil if they did not.
    var failure: FetchInputFailure? { state.withLock { $0.failure } }

    /// The next line; nil at the end.
    func next() async -> InputLine? {
        (try? await Blocking.run { self.read() }) ?? nil
    }

    private func read() -> InputLine? {
        state.withLock { state in
            while let bytes = nextBytes(&state) {
                state.number += 1
                let text = String(decoding: bytes, as: UTF8.self).drop { $0.isWhitespace }
                guard let first = text.first, first != "#", let end = text.lastIndex(where: { !$0.isWhitespace }) else {
                    continue
                }
                return InputLine(number: state.number, text: String(text[...end]))
            }
            return nil
        }
    }

    private func nextBytes(_ state: inout State) -> [UInt8]? {
        while state.failure == nil {
            if let end = state.buffer.firstIndex(of: 0x0A) {
                defer { state.buffer.removeSubrange(...end) }
                return Array(state.buffer[..<end])
            }
            if state.isAtEnd {
                defer { state.buffer = [] }
                return state.buffer.isEmpty ? nil : state.buffer
            }
            guard state.buffer.count < Self.limit else {
                fail("line \(state.number + 1) is longer than \(Self.limit) bytes", &state)
                continue
            }
            fill(&state)
        }
        return nil
    }

    private func fill(_ state: inout State) {
        let descriptor = state.descriptor
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.piece) { buffer, filled in
            var count: Int
            repeat { count = Glibc.read(descriptor, buffer.baseAddress, Self.piece) } while count < 0 && errno == EINTR
            if count < 0 { code = errno }
            filled = max(0, count)
        }
        if code != 0 { return fail(SystemError.text(code), &state) }
        state.isAtEnd = bytes.isEmpty
        state.buffer += bytes
    }

    private func fail(_ detail: String, _ state: inout State) {
        state.failure = FetchInputFailure(path: path, detail: detail)
        state.buffer = []
    }
}

/// Why requests could not be read.
struct FetchInputFailure: Error, CustomStringConvertible {
    let path: String
    let detail: String

    var description: String { "\(path == "-" ? "standard input" : path): \(detail)" }
}
