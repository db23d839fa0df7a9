/// Whether a payload may be embedded in a line as a JSON value (RFC 8259), checked without building it.
///
/// Stricter than the grammar in two places, because one message must not make a line unreadable for its consumers:
/// nesting is limited, and an escaped surrogate must be one of a pair.
enum JSONText {
    /// What the check found.
    enum Form: Equatable {
        /// Not exactly one acceptable JSON value.
        case invalid
        /// May be embedded as it is.
        case oneLine
        /// Has line breaks between its tokens: must be embedded without them.
        case severalLines
    }

    /// One level less than 128, which is as deep as the strictest common parser goes: the line itself is the first.
    static let maximumDepth = 127

    /// Checks `utf8`, which must be valid UTF-8. Linear, without recursion or allocation; any bytes are safe.
    static func form(of utf8: UnsafeRawBufferPointer) -> Form {
        var scanner = JSONScanner(bytes: utf8)
        guard scanner.scanText() else { return .invalid }
        return scanner.sawLineBreak ? .severalLines : .oneLine
    }

    /// Whether `text` is one JSON value.
    static func isValid(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { form(of: UnsafeRawBufferPointer($0)) } != .invalid
    }

    /// Appends a text that was found valid, without the white space between its tokens.
    static func appendMinified(_ utf8: UnsafeRawBufferPointer, to buffer: inout LineBuffer) {
        let place = buffer.room(for: utf8.count)
        var written = 0
        var inString = false
        var escaped = false
        for byte in utf8 {
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                inString = true
            } else if byte <= 0x20 {
                continue
            }
            place.storeBytes(of: byte, toByteOffset: written, as: UInt8.self)
            written += 1
        }
        buffer.advance(by: written)
    }
}
