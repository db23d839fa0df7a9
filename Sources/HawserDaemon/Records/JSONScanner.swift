/// Walks over one JSON text. Open arrays and objects are the bits of one number, so nothing recurses.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var isFinished = false
    private var depth = 0
    /// The lowest bit is the innermost open value: 1 for an object.
    private var openObjects: UInt128 = 0
    /// Whether a line feed or carriage return stands between tokens.
    private(set) var sawLineBreak = false

    init(bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// Whether the bytes are exactly one value, with white space around it.
    mutating func scanText() -> Bool {
        skipWhiteSpace()
        repeat {
            guard scanValueStart() else { return false }
        } while !isFinished
        return index == bytes.count
    }

    /// One scalar, or the start of an array or object, and then all that closes behind it.
    private mutating func scanValueStart() -> Bool {
        guard let first = peek else { return false }
        switch first {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            index += 1
            guard open(isObject: first == UInt8(ascii: "{")) else { return false }
            skipWhiteSpace()
            if peek == closingByte {
                return close() && scanEnds()
            }
            return !isInObject || scanKey()
        case UInt8(ascii: "\""):
            return scanString() && scanEnds()
        case UInt8(ascii: "t"):
            return scanLiteral("true") && scanEnds()
        case UInt8(ascii: "f"):
            return scanLiteral("false") && scanEnds()
        case UInt8(ascii: "n"):
            return scanLiteral("null") && scanEnds()
        default:
            return scanNumber() && scanEnds()
        }
    }

    /// Behind a value: closes what ends here, and stops in front of the next value or at the end of the text.
    private mutating func scanEnds() -> Bool {
        while true {
            skipWhiteSpace()
            guard depth > 0 else {
                isFinished = true
                return true
            }
            guard let next = peek else { return false }
            if next == UInt8(ascii: ",") {
                index += 1
                skipWhiteSpace()
                return !isInObject || scanKey()
            }
            guard next == closingByte, close() else { return false }
        }
    }

    private var isInObject: Bool { openObjects & 1 == 1 }

    private var closingByte: UInt8 { isInObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }

    private mutating func open(isObject: Bool) -> Bool {
        guard depth < JSONText.maximumDepth else { return false }
        depth += 1
        openObjects = openObjects &<< 1 | (isObject ? 1 : 0)
        return true
    }

    private mutating func close() -> Bool {
        index += 1
        depth -= 1
        openObjects = openObjects &>> 1
        return true
    }

    private mutating func scanKey() -> Bool {
        guard peek == UInt8(ascii: "\""), scanString() else { return false }
        skipWhiteSpace()
        guard peek == UInt8(ascii: ":") else { return false }
        index += 1
        skipWhiteSpace()
        return true
    }

    private mutating func scanString() -> Bool {
        index += 1
        while true {
            while bytes.count - index >= 8 {
                let plain = JSONString.firstSpecial(in: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                index += plain
                if plain < 8 { break }
            }
            guard let byte = peek, byte >= 0x20 else { return false }
            index += 1
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\"), !scanEscape() { return false }
        }
    }

    private mutating func scanEscape() -> Bool {
        guard let byte = peek else { return false }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return true
        case UInt8(ascii: "u"):
            guard let unit = scanCodeUnit() else { return false }
            if 0xDC00...0xDFFF ~= unit { return false }
            guard 0xD800...0xDBFF ~= unit else { return true }
            guard scanLiteral("\\u"), let low = scanCodeUnit() else { return false }
            return 0xDC00...0xDFFF ~= low
        default:
            return false
        }
    }

    private mutating func scanCodeUnit() -> UInt16? {
        guard bytes.count - index >= 4 else { return nil }
        var unit: UInt16 = 0
        for offset in 0..<4 {
            let digit: UInt8
            switch bytes[index + offset] {
            case let byte where 0x30...0x39 ~= byte: digit = byte - 0x30
            case let byte where 0x41...0x46 ~= byte: digit = byte - 0x37
            case let byte where 0x61...0x66 ~= byte: digit = byte - 0x57
            default: return nil
            }
            unit = unit << 4 | UInt16(digit)
        }
        index += 4
        return unit
    }

    private mutating func scanNumber() -> Bool {
        if peek == UInt8(ascii: "-") { index += 1 }
        if peek == UInt8(ascii: "0") {
            index += 1
        } else if !scanDigits() {
            return false
        }
        if peek == UInt8(ascii: ".") {
            index += 1
            guard scanDigits() else { return false }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            index += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
            return scanDigits()
        }
        return true
    }

    private mutating func scanDigits() -> Bool {
        let start = index
        while let byte = peek, 0x30...0x39 ~= byte { index += 1 }
        return index > start
    }

    private mutating func scanLiteral(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard bytes.count - index >= length else { return false }
        for offset in 0..<length where bytes[index + offset] != literal.utf8Start[offset] { return false }
        index += length
        return true
    }

    private var peek: UInt8? {
        index < bytes.count ? bytes[index] : nil
    }

    private mutating func skipWhiteSpace() {
        while let byte = peek {
            switch byte {
            case 0x20, 0x09: break
            case 0x0A, 0x0D: sawLineBreak = true
            default: return
            }
            index += 1
        }
    }
}
