/// Walks over the members of one JSON object, without building a tree.
struct JSONObjectReader {
    private var rest: JSONPieces

    /// - Returns: nil unless `bytes` are exactly one JSON object, with white space around it.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard JSONText.form(of: bytes) != .invalid else { return nil }
        rest = JSONPieces(bytes)
        guard rest.enter(UInt8(ascii: "{")) else { return nil }
    }

    /// The next member, valid as long as the bytes are.
    mutating func next() -> (key: JSONPiece, value: JSONPiece)? {
        guard let key = rest.next(), let value = rest.next() else { return nil }
        return (key, value)
    }
}

/// The bytes of one JSON value.
struct JSONPiece {
    let bytes: UnsafeRawBufferPointer

    /// Whether it is the string `text`, which has nothing to escape.
    func isString(_ text: StaticString) -> Bool {
        bytes.count == text.utf8CodeUnitCount + 2 && bytes.first == UInt8(ascii: "\"")
            && text.withUTF8Buffer { bytes[1..<bytes.count - 1].elementsEqual($0) }
    }

    /// The bytes between the quotation marks of a string, escapes and all; nil if it is none.
    var inside: UnsafeRawBufferPointer? {
        guard bytes.count >= 2, bytes.first == UInt8(ascii: "\"") else { return nil }
        return UnsafeRawBufferPointer(rebasing: bytes[1..<bytes.count - 1])
    }

    /// What a string says, its escapes undone; nil if it is none.
    var string: String? {
        guard let inside else { return nil }
        guard inside.contains(UInt8(ascii: "\\")) else { return String(decoding: inside, as: UTF8.self) }
        return JSONPiece.unescaped(inside)
    }

    /// The value of a whole number that fits; nil otherwise.
    var integer: Int64? {
        guard let first = bytes.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else { return nil }
        return Int64(String(decoding: bytes, as: UTF8.self))
    }

    /// `true` or `false`; nil for anything else.
    var truth: Bool? {
        switch bytes.first {
        case UInt8(ascii: "t"): true
        case UInt8(ascii: "f"): false
        default: nil
        }
    }

    /// The elements of an array; none if it is no array.
    var elements: [JSONPiece] {
        var pieces = JSONPieces(bytes)
        guard pieces.enter(UInt8(ascii: "[")) else { return [] }
        var elements: [JSONPiece] = []
        while let element = pieces.next() { elements.append(element) }
        return elements
    }

    private static func unescaped(_ source: UnsafeRawBufferPointer) -> String {
        var output: [UInt8] = []
        output.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            let byte = source[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < source.count else {
                output.append(byte)
                continue
            }
            let escape = source[index]
            index += 1
            switch escape {
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"): appendScalar(source, &index, to: &output)
            default: output.append(escape)
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// The text was checked: an escaped surrogate is one of a pair.
    private static func appendScalar(_ source: UnsafeRawBufferPointer, _ index: inout Int, to output: inout [UInt8]) {
        var value = codeUnit(source, &index)
        if 0xD800...0xDBFF ~= value {
            index += 2
            value = 0x10000 + (value & 0x3FF) << 10 + codeUnit(source, &index) & 0x3FF
        }
        output.append(contentsOf: String(Unicode.Scalar(value) ?? "\u{FFFD}").utf8)
    }

    private static func codeUnit(_ source: UnsafeRawBufferPointer, _ index: inout Int) -> UInt32 {
        guard source.count - index >= 4 else { return 0xFFFD }
        let digits = String(decoding: source[index..<index + 4], as: UTF8.self)
        index += 4
        return UInt32(digits, radix: 16) ?? 0xFFFD
    }
}

/// Cuts a text that was found valid into the values that stand side by side in one array or object.
struct JSONPieces {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Steps over the opening bracket; false if there is another byte.
    mutating func enter(_ bracket: UInt8) -> Bool {
        skipBetween()
        guard index < bytes.count, bytes[index] == bracket else { return false }
        index += 1
        return true
    }

    /// The next key, value or element; nil at the closing bracket.
    mutating func next() -> JSONPiece? {
        skipBetween()
        guard index < bytes.count else { return nil }
        let start = index
        switch bytes[index] {
        case UInt8(ascii: "}"), UInt8(ascii: "]"): return nil
        case UInt8(ascii: "\""): skipString()
        case UInt8(ascii: "{"), UInt8(ascii: "["): skipContainer()
        default: skipScalar()
        }
        return JSONPiece(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
    }

    private mutating func skipBetween() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: ":"): index += 1
            default: return
            }
        }
    }

    private mutating func skipString() {
        index += 1
        while index < bytes.count {
            while bytes.count - index >= 8 {
                let plain = JSONString.firstSpecial(in: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index += plain
                if plain < 8 { break }
            }
            guard index < bytes.count else { break }
            let byte = bytes[index]
            index += byte == UInt8(ascii: "\\") ? 2 : 1
            if byte == UInt8(ascii: "\"") { break }
        }
        index = min(index, bytes.count)
    }

    private mutating func skipContainer() {
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\""):
                skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            index += 1
            if depth == 0 { return }
        }
    }

    private mutating func skipScalar() {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x09, 0x0A, 0x0D, UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"): return
            default: index += 1
            }
        }
    }
}
