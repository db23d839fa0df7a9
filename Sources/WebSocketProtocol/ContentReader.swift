/// Collects the beginning of a response's content (RFC 9112 section 6) for a person to read.
///
/// Nothing here is an error: content that is framed wrongly ends where it becomes unreadable.
struct ContentReader: Sendable {
    /// The most content that is kept.
    static let sizeLimit = 1024
    /// The most bytes of chunk sizes and extensions that are read for it.
    private static let chunkFramingLimit = 16 << 10

    private enum Framing: Sendable {
        case done
        /// Content up to the end of the connection.
        case untilEnd
        /// Content-Length: this many bytes are left.
        case length(Int64)
        /// In a line that begins with a chunk's size; nil until its first digit.
        case chunkSize(Int64?)
        /// Behind the digits of that line, up to its end.
        case chunkExtension(Int64)
        /// In a chunk: this many bytes are left.
        case chunk(Int64)
        /// Up to the line end that follows a chunk.
        case chunkEnd
    }

    private(set) var content: [UInt8] = []
    private var framing: Framing
    private var chunkFraming = 0

    /// A reader for the content of a response with `status` and `fields`.
    init(status: Int, fields: HTTPFields) {
        framing = Self.framing(status: status, fields: fields)
    }

    /// Whether all content was read, or as much as is kept.
    var isDone: Bool {
        if case .done = framing { return true }
        return content.count >= Self.sizeLimit
    }

    /// Takes one byte; not once `isDone`.
    mutating func take(_ byte: UInt8) {
        switch framing {
        case .done: break
        case .untilEnd: content.append(byte)
        case .length(let left):
            content.append(byte)
            framing = left > 1 ? .length(left - 1) : .done
        case .chunk(let left):
            content.append(byte)
            framing = left > 1 ? .chunk(left - 1) : .chunkEnd
        case .chunkSize, .chunkExtension, .chunkEnd:
            chunkFraming += 1
            framing = chunkFraming > Self.chunkFramingLimit ? .done : framingAfter(byte)
        }
    }

    /// One byte between chunks (RFC 9112 section 7.1). The trailer section is not read.
    private func framingAfter(_ byte: UInt8) -> Framing {
        switch framing {
        case .chunkSize(let size):
            if let digit = HTTPSyntax.hexadecimalValue(byte) {
                let (shifted, overflow) = (size ?? 0).multipliedReportingOverflow(by: 16)
                return overflow ? .done : .chunkSize(shifted | Int64(digit))
            }
            guard let size else { return .done }
            return byte == 0x0A ? Self.chunk(of: size) : .chunkExtension(size)
        case .chunkExtension(let size):
            return byte == 0x0A ? Self.chunk(of: size) : framing
        case .chunkEnd:
            if byte == 0x0A { return .chunkSize(nil) }
            return byte == 0x0D ? framing : .done
        default:
            return framing
        }
    }

    private static func chunk(of size: Int64) -> Framing {
        size > 0 ? .chunk(size) : .done
    }

    /// How the content is delimited (RFC 9112 section 6.3).
    private static func framing(status: Int, fields: HTTPFields) -> Framing {
        guard status >= 200, status != 204, status != 304 else { return .done }
        if let coding = fields.listMembers("Transfer-Encoding").last {
            return HTTPSyntax.areEqualIgnoringCase(coding, "chunked") ? .chunkSize(nil) : .untilEnd
        }
        guard let length = fields.listMembers("Content-Length").first.flatMap({ HTTPSyntax.decimal($0.utf8) }) else {
            return .untilEnd
        }
        return length > 0 ? .length(length) : .done
    }
}
