import Glibc
import TestSupport

@testable import HawserDaemon

/// A client of the control socket that may behave badly. Confined to one thread; from an async test use it inside
/// `onOwnThread { … }`.
final class ControlProbe {
    let stream: RawStream

    /// Connects to the socket at `path`.
    init(_ path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemCallError("socket") }
        guard ControlSocket.connect(descriptor, path) == 0 else {
            let error = SystemCallError("connect \(path)")
            close(descriptor)
            throw error
        }
        stream = RawStream(descriptor: descriptor)
    }

    func send(_ text: String) throws {
        try stream.send(Array(text.utf8))
    }

    /// The next line of the server, parsed.
    func answer() throws -> JSONTree {
        let deadline = ContinuousClock.now + RawStream.patience
        while true {
            if let end = stream.buffered.firstIndex(of: 0x0A) {
                let line = Array(stream.buffered[..<end])
                stream.consume(line.count + 1)
                guard let tree = JSONTree(line) else {
                    throw StreamError.unexpected(String(decoding: line, as: UTF8.self))
                }
                return tree
            }
            try stream.receive(until: deadline, for: "an answer")
        }
    }

    /// The error code of the next line, or what the answer is if it is none.
    func errorCode() throws -> String {
        let answer = try answer()
        return answer["error"]?["code"]?.text ?? "\(answer)"
    }

    /// Waits until the server has let go.
    func awaitEnd() throws {
        let deadline = ContinuousClock.now + RawStream.patience
        while true {
            do {
                stream.consume(stream.buffered.count)
                try stream.receive(until: deadline, for: "the server's end")
            } catch StreamError.endedByPeer {
                return
            } catch StreamError.reset {
                return
            }
        }
    }
}
