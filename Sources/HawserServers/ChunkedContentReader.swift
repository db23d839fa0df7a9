/// Takes the chunked transfer coding off (RFC 9112 section 7.1). Extensions and trailers are passed over.
struct ChunkedContentReader {
    private enum Expectation {
        case size(digits: Int)
        case restOfSizeLine
        case endOfSizeLine
        case data
        case carriageReturn
        case lineFeed
        /// A line of the trailer section, of which this many bytes have come.
        case trailer(Int)
        case endOfTrailer(Int)
        case nothing
    }

    /// The most bytes of one size line, and of all trailers.
    private static let lineLimit = 8 << 10
    /// Sizes up to 60 bits.
    private static let digitLimit = 15

    private var expectation = Expectation.size(digits: 0)
    private var size = 0
    private var lineBytes = 0

    /// Whether the content is whole.
    var isAtEnd: Bool {
        if case .nothing = expectation { true } else { false }
    }

    /// The next piece of content in `bytes` from `position` on, which moves behind what has been used; nil at the end of
    /// the content, or of `bytes`.
    mutating func next(
        _ bytes: UnsafeRawBufferPointer,
        _ position: inout Int
    ) throws(HTTPRequestFault) -> Range<Int>? {
        while position < bytes.count, !isAtEnd {
            if case .data = expectation {
                let count = min(size, bytes.count - position)
                size -= count
                position += count
                if size == 0 { expectation = .carriageReturn }
                return position - count..<position
            }
            try take(bytes[position])
            position += 1
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) throws(HTTPRequestFault) {
        switch expectation {
        case .size(let digits): try takeSize(byte, digits)
        case .restOfSizeLine:
            try count()
            if byte == 0x0A { throw Self.malformed }
            if byte == 0x0D { expectation = .endOfSizeLine }
        case .endOfSizeLine:
            guard byte == 0x0A else { throw Self.malformed }
            lineBytes = 0
            expectation = size == 0 ? .trailer(0) : .data
        case .carriageReturn:
            guard byte == 0x0D else { throw Self.malformed }
            expectation = .lineFeed
        case .lineFeed:
            guard byte == 0x0A else { throw Self.malformed }
            expectation = .size(digits: 0)
        case .trailer(let length):
            try count()
            if byte == 0x0A { throw Self.malformed }
            expectation = byte == 0x0D ? .endOfTrailer(length) : .trailer(length + 1)
        case .endOfTrailer(let length):
            guard byte == 0x0A else { throw Self.malformed }
            expectation = length == 0 ? .nothing : .trailer(0)
        case .data, .nothing: break
        }
    }

    private mutating func takeSize(_ byte: UInt8, _ digits: Int) throws(HTTPRequestFault) {
        if let digit = PercentCoding.hexadecimal(byte) {
            guard digits < Self.digitLimit else { throw Self.malformed }
            size = size << 4 | Int(digit)
            expectation = .size(digits: digits + 1)
            return
        }
        guard digits > 0 else { throw Self.malformed }
        switch byte {
        case 0x0D: expectation = .endOfSizeLine
        case UInt8(ascii: ";"), 0x20, 0x09: expectation = .restOfSizeLine
        default: throw Self.malformed
        }
    }

    private mutating func count() throws(HTTPRequestFault) {
        lineBytes += 1
        guard lineBytes <= Self.lineLimit else {
            throw HTTPRequestFault(400, "a chunk's size line or a trailer is too long")
        }
    }

    private static var malformed: HTTPRequestFault { HTTPRequestFault(400, "the chunked content is malformed") }
}
