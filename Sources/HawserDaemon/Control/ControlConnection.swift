import Glibc
import HawserWebSocket
import MonotonicTime

/// The client's side of the control socket: one request, one answer. Blocks, within bounds.
struct ControlConnection {
    /// Why nothing came of it: an exit status of 1, with a remedy.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    /// The longest answer: far beyond what a daemon with as many subscriptions as may be configured says.
    private static let answerLimit = 256 << 20

    let path: String
    /// How long the daemon may take.
    var patience = Duration.seconds(30)

    /// Sends `line`, with a newline at its end, and returns the daemon's answer, without one.
    ///
    /// - Throws: that no daemon answers, or that it does not let us.
    func ask(_ line: [UInt8]) throws(Failure) -> [UInt8] {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { close(descriptor) }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        let deadline = SinkClock.system.now() + patience
        while ControlSocket.connect(descriptor, path) != 0 {
            // Others stand before us at its door.
            guard errno == EAGAIN || errno == EINTR, SinkClock.system.now() < deadline else { throw failure(errno) }
            usleep(10_000)
        }
        try send(line, descriptor, deadline)
        return try receive(descriptor, deadline)
    }

    private func send(_ line: [UInt8], _ descriptor: Int32, _ deadline: Instant) throws(Failure) {
        var done = 0
        while done < line.count {
            let count = line.withUnsafeBytes { bytes in
                Glibc.send(descriptor, bytes.baseAddress.map { $0 + done }, line.count - done, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                done += count
            } else if errno == EPIPE || errno == ECONNRESET {
                // It may have said why before it let us go.
                return
            } else if errno == EAGAIN {
                try wait(descriptor, POLLOUT, deadline)
            } else if errno != EINTR {
                throw failure(errno)
            }
        }
    }

    private func receive(_ descriptor: Int32, _ deadline: Instant) throws(Failure) -> [UInt8] {
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while answer.count <= Self.answerLimit {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                if let end = chunk[..<count].firstIndex(of: 0x0A) { return answer + chunk[..<end] }
                answer += chunk[..<count]
            } else if count == 0 {
                throw Failure(
                    description: "the daemon at \(path) ended the connection without an answer: is it stopping?"
                )
            } else if errno == EAGAIN {
                try wait(descriptor, POLLIN, deadline)
            } else if errno != EINTR {
                throw failure(errno)
            }
        }
        throw Failure(description: "what answers at \(path) is no Hawser: its answer has no end")
    }

    private func wait(_ descriptor: Int32, _ events: Int32, _ deadline: Instant) throws(Failure) {
        let left = SinkClock.system.now().duration(to: deadline).milliseconds
        guard left > 0 else {
            let limit = patience.shortText
            throw Failure(
                description: "the daemon at \(path) does not answer within \(limit): is it stopped (SIGSTOP)?"
            )
        }
        var watched = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        poll(&watched, 1, Int32(min(left, 60_000)))
    }

    private func failure(_ code: Int32) -> Failure {
        let remedy =
            switch code {
            case ENOENT:
                "no daemon runs there: start one (systemctl start hawser), or name its socket with --socket PATH"
            case ECONNREFUSED: "its daemon is gone without a word: start it again (systemctl start hawser)"
            case EACCES, EPERM: "you may not: run this as root or as a member of the group hawser-control"
            case ENAMETOOLONG: "a Unix socket's path has at most \(StatusReader.longestSocketPath) bytes"
            default: "is it a Hawser's control socket?"
            }
        return Failure(description: "cannot reach a daemon at \(path): \(SystemError.text(code)): \(remedy)")
    }
}
