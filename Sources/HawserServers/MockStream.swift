import MonotonicTime

/// The content of a long answer, made as the socket takes it.
struct MockStream {
    /// What comes next.
    enum Next {
        /// More, when there is room.
        case more
        /// More, not before this instant.
        case later(Instant)
        /// Nothing.
        case end
    }

    private enum Kind {
        /// Byte i is i modulo 251.
        case bytes(count: Int)
        /// A JSON line each interval, the first one at `start`.
        case lines(count: Int, every: Duration, start: Instant)
    }

    private static let period = 251
    /// More than a piece, from any place within the period.
    private static let pattern = (0..<period * 300).map { UInt8($0 % period) }
    /// How much is made at a time.
    private static let piece = 64 << 10

    private let kind: Kind
    private var done = 0

    /// `count` bytes.
    static func bytes(_ count: Int) -> MockStream { MockStream(kind: .bytes(count: count)) }

    /// `count` JSON lines, one each `interval`.
    static func lines(_ count: Int, every interval: Duration, from start: Instant) -> MockStream {
        MockStream(kind: .lines(count: count, every: interval, start: start))
    }

    private init(kind: Kind) {
        self.kind = kind
    }

    /// The media type.
    var contentType: String {
        switch kind {
        case .bytes: "application/octet-stream"
        case .lines: "application/x-ndjson"
        }
    }

    /// How many bytes come in all; nil where that is not said in advance.
    var length: Int? {
        switch kind {
        case .bytes(let count): count
        case .lines: nil
        }
    }

    /// Appends a piece to `output`.
    ///
    /// - Parameter chunked: in the chunked transfer coding (RFC 9112 section 7.1), a chunk a line.
    mutating func fill(_ output: inout [UInt8], chunked: Bool, now: Instant) -> Next {
        switch kind {
        case .bytes(let count):
            let size = min(Self.piece, count - done)
            let start = done % Self.period
            output += Self.pattern[start..<start + size]
            done += size
            return done < count ? .more : .end
        case .lines(let count, let interval, let start):
            let limit = output.count + Self.piece
            while done < count, output.count < limit {
                let due = start + interval * done
                guard due <= now else { return .later(due) }
                done += 1
                let line = "{\"n\":\(done)}\n"
                output += (chunked ? "\(String(line.utf8.count, radix: 16))\r\n\(line)\r\n" : line).utf8
            }
            guard done == count else { return .more }
            if chunked { output += "0\r\n\r\n".utf8 }
            return .end
        }
    }
}
