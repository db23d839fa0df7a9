import WebSocketProtocol

/// The lines of a head, one after the other.
struct HeadReading {
    enum Progress {
        case going
        case complete(ExchangeHead)
        /// The length of the content is none (RFC 9112 section 6.3).
        case malformed(String)
    }

    private static let lengthName = Array("content-length".utf8)
    private static let codingName = Array("content-encoding".utf8)

    /// Bytes of all lines, those of interim answers too.
    var size = 0
    var wasChallenged = false
    private var status = 0
    private var version = ""
    private var block = FieldBlock()
    private var length: Int64?
    private var isCoded = false
    private var isInHead = false
    /// The newest head that was complete.
    private(set) var last: ExchangeHead?

    /// Takes a line with its end.
    mutating func take(_ line: UnsafeRawBufferPointer) -> Progress {
        let isEnded = line.last == 0x0A
        let rest = line.dropLast(!isEnded ? 0 : line.count > 1 && line[line.count - 2] == 0x0D ? 2 : 1)
        let text = UnsafeRawBufferPointer(rebasing: rest)
        if text.isEmpty { return ended() }
        if text.count >= 5, text[0] == UInt8(ascii: "H"), text.starts(with: "HTTP/".utf8) {
            begin(text)
        } else if isInHead {
            block.append(text)
            if Self.isNamed(text, Self.codingName) { isCoded = true }
            return checkLength(text)
        }
        return .going
    }

    private mutating func ended() -> Progress {
        guard isInHead else { return .going }
        isInHead = false
        // An interim answer is not the answer (RFC 9110 section 15.2).
        guard status >= 200 else { return .going }
        let head = ExchangeHead(status: status, version: version, block: block, isCoded: isCoded)
        last = head
        return .complete(head)
    }

    /// The length of the content must be one, and the same in every line.
    private mutating func checkLength(_ line: UnsafeRawBufferPointer) -> Progress {
        guard Self.isNamed(line, Self.lengthName) else { return .going }
        let value = FieldBlock.value(UnsafeRawBufferPointer(rebasing: line[(Self.lengthName.count + 1)...]))
        guard let number = HTTPSyntax.decimal(value.utf8), number < .max, length ?? number == number else {
            return .malformed("Content-Length: \(Excerpt.of(value.utf8))")
        }
        length = number
        return .going
    }

    /// Whether the line's field has this name, given in lower case.
    private static func isNamed(_ line: UnsafeRawBufferPointer, _ name: [UInt8]) -> Bool {
        guard line.count > name.count, line[name.count] == UInt8(ascii: ":") else { return false }
        for place in name.indices where line[place] | 0x20 != name[place] { return false }
        return true
    }

    private mutating func begin(_ text: UnsafeRawBufferPointer) {
        var space = 5
        while space < text.count, text[space] != 0x20 { space += 1 }
        version = String(decoding: UnsafeRawBufferPointer(rebasing: text[5..<space]), as: UTF8.self)
        // libcurl has seen to it that these are three digits.
        status = 0
        for place in space + 1..<space + 4 where place < text.count && (0x30...0x39).contains(text[place]) {
            status = status * 10 + Int(text[place] - 0x30)
        }
        block = FieldBlock()
        length = nil
        isCoded = false
        isInHead = true
    }
}
