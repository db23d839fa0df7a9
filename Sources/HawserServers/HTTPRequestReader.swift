/// Finds the parts of HTTP/1.x requests, one behind the other, in bytes that come in any pieces (RFC 9112).
struct HTTPRequestReader {
    /// A part that was found.
    enum Event {
        /// A request begins.
        case head(HTTPRequestHead)
        /// Some of its content, as a place in the bytes that were looked at.
        case content(Range<Int>)
        /// The request is whole.
        case end
    }

    private enum Expectation {
        case head
        case content(Int)
        case chunks
        case end
    }

    /// The most bytes of a head.
    static let headLimit = 64 << 10

    private var expectation = Expectation.head
    /// A head as far as it came in earlier pieces.
    private var partial: [UInt8] = []
    private var chunks = ChunkedContentReader()

    /// Whether a request has begun and is not whole.
    var isInside: Bool {
        if case .head = expectation { !partial.isEmpty } else { true }
    }

    /// Looks at `bytes` from `position` on, which moves behind what has been used; nil if more bytes are needed.
    mutating func next(_ bytes: UnsafeRawBufferPointer, _ position: inout Int) throws(HTTPRequestFault) -> Event? {
        switch expectation {
        case .head:
            guard let head = try takeHead(bytes, &position) else { return nil }
            switch head.framing {
            case .length(0): expectation = .end
            case .length(let count): expectation = .content(count)
            case .chunked:
                chunks = ChunkedContentReader()
                expectation = .chunks
            }
            return .head(head)
        case .content(let missing):
            let count = min(missing, bytes.count - position)
            guard count > 0 else { return nil }
            expectation = count < missing ? .content(missing - count) : .end
            position += count
            return .content(position - count..<position)
        case .chunks:
            if let range = try chunks.next(bytes, &position) { return .content(range) }
            guard chunks.isAtEnd else { return nil }
            expectation = .head
            return .end
        case .end:
            expectation = .head
            return .end
        }
    }

    private mutating func takeHead(
        _ bytes: UnsafeRawBufferPointer,
        _ position: inout Int
    ) throws(HTTPRequestFault) -> HTTPRequestHead? {
        while position < bytes.count {
            guard let newline = bytes[position...].firstIndex(of: 0x0A) else {
                try keep(bytes[position...])
                position = bytes.count
                return nil
            }
            let line = bytes[position...newline]
            position = newline + 1
            let isEmpty = try isEmptyLine(line)
            // Some clients send an empty line behind the content before (RFC 9112 section 2.2).
            if isEmpty, partial.isEmpty || partial == [0x0D] {
                partial = []
                continue
            }
            try keep(line)
            guard isEmpty else { continue }
            defer { partial = [] }
            return try HTTPRequestHead(partial)
        }
        return nil
    }

    /// Whether `line`, which may have begun in an earlier piece, is nothing but CR LF.
    private func isEmptyLine(_ line: Slice<UnsafeRawBufferPointer>) throws(HTTPRequestFault) -> Bool {
        let isContinued = partial.last.map { $0 != 0x0A } ?? false
        let before = line.count >= 2 ? line[line.endIndex - 2] : isContinued ? partial.last : nil
        guard before == 0x0D else { throw HTTPRequestFault(400, "a line of the head does not end with CR LF") }
        let count = line.count + (isContinued ? partial.count - ((partial.lastIndex(of: 0x0A) ?? -1) + 1) : 0)
        return count == 2
    }

    private mutating func keep(_ bytes: Slice<UnsafeRawBufferPointer>) throws(HTTPRequestFault) {
        guard partial.count + bytes.count <= Self.headLimit else {
            throw HTTPRequestFault(431, "the request's head is larger than \(Self.headLimit) bytes")
        }
        partial.append(contentsOf: bytes)
    }
}
