import Glibc
import MonotonicTime

/// One connection to the control socket. Confined to the server's thread.
///
/// It does one request after the other: until an answer is read to its end, nothing more is read from the client.
final class ControlClient {
    /// What reading came to.
    enum Input {
        /// A line, without its end.
        case line([UInt8])
        /// More is to come.
        case incomplete
        /// A line longer than a request may be.
        case tooLong
        /// Nothing more comes.
        case ended
    }

    private static let chunk = 16 << 10

    let descriptor: Int32
    let peer: ControlPeer
    /// Until when it has to do its part, or the daemon its own.
    var deadline: Instant
    /// The request that is being answered; nil if none is.
    var pending: (serial: UInt64, identifier: [UInt8])?
    /// Whether it is let go once it has read what waits for it.
    var isLast = false

    private var input: [UInt8] = []
    private var inputEnded = false
    private var output: [UInt8] = []
    private var written = 0

    /// Takes over `descriptor`, which does not block.
    init(descriptor: Int32, deadline: Instant) {
        self.descriptor = descriptor
        self.deadline = deadline
        peer = ControlPeer(of: descriptor)
    }

    deinit {
        close(descriptor)
    }

    /// Bytes that it has not read yet.
    var waitingBytes: Int { output.count - written }

    /// Whether a request of it may be read.
    var isReading: Bool { pending == nil && waitingBytes == 0 && !isLast }

    /// What poll(2) is to look for; that it has gone is always looked for.
    var events: Int16 { Int16((isReading && !inputEnded ? POLLIN : 0) | (waitingBytes > 0 ? POLLOUT : 0)) }

    /// Reads what there is, up to a line of `limit` bytes.
    func read(limit: Int) -> Input {
        while true {
            if let line = takeLine() { return line.count > limit ? .tooLong : .line(line) }
            if input.count > limit { return .tooLong }
            if inputEnded { return takeRest() }
            switch receive() {
            case 1...: continue
            case 0: inputEnded = true
            default:
                if errno == EINTR { continue }
                if errno == EAGAIN { return .incomplete }
                inputEnded = true
                input = []
            }
        }
    }

    /// Puts `bytes` behind what waits to be read, and sends what fits.
    ///
    /// - Returns: whether it is still there.
    func send(_ bytes: [UInt8]) -> Bool {
        output.append(contentsOf: bytes)
        return flush()
    }

    /// Sends what fits.
    ///
    /// - Returns: whether it is still there.
    func flush() -> Bool {
        while waitingBytes > 0 {
            let count = output.withUnsafeBytes { bytes in
                Glibc.send(descriptor, bytes.baseAddress.map { $0 + written }, waitingBytes, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                return true
            } else if errno != EINTR {
                return false
            }
        }
        output = []
        written = 0
        return true
    }

    private func receive() -> Int {
        withUnsafeTemporaryAllocation(byteCount: Self.chunk, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { input.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count])) }
            return count
        }
    }

    /// The first line; empty ones are passed over.
    private func takeLine() -> [UInt8]? {
        while let end = input.firstIndex(of: 0x0A) {
            var line = Array(input[..<end])
            input.removeFirst(end + 1)
            if line.last == 0x0D { line.removeLast() }
            if !line.isEmpty { return line }
        }
        return nil
    }

    /// A last line may lack its end.
    private func takeRest() -> Input {
        defer { input = [] }
        return input.isEmpty ? .ended : .line(input)
    }
}
