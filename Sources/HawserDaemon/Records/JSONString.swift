/// The inside of a JSON string (RFC 8259 section 7).
///
/// Valid UTF-8 passes as it is; only `"`, `\` and the control characters are escaped. Eight or
/// sixteen bytes are looked at in one go, and up to the first one that needs an escape they are copied as they are.
enum JSONString {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080
    /// Input bytes per reservation of output: bounds the worst case, six bytes for one.
    private static let block = 4096

    static func append(_ text: String, to buffer: inout LineBuffer) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0), to: &buffer) }
    }

    /// Appends `utf8`, escaped, without quotation marks. It must be valid UTF-8 for the result to be.
    static func append(_ utf8: UnsafeRawBufferPointer, to buffer: inout LineBuffer) {
        var start = 0
        while start < utf8.count {
            let end = start + min(block, utf8.count - start)
            appendBlock(UnsafeRawBufferPointer(rebasing: utf8[start..<end]), to: &buffer)
            start = end
        }
    }

    private static func appendBlock(_ source: UnsafeRawBufferPointer, to buffer: inout LineBuffer) {
        guard var next = source.baseAddress else { return }
        let end = next + source.count
        let start = buffer.room(for: source.count * 6 + 16)
        var place = start
        while end - next >= 16 {
            let low = next.loadUnaligned(as: UInt64.self)
            let high = next.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            if marks(in: low) | marks(in: high) == 0 {
                place.storeBytes(of: low, as: UInt64.self)
                place.storeBytes(of: high, toByteOffset: 8, as: UInt64.self)
                next += 16
                place += 16
            } else {
                // Where there is one special byte there are more: over this stretch, no longer steps are tried.
                let stretch = next + min(64, end - next)
                while stretch - next >= 8 { step(&next, &place) }
            }
        }
        while next < end {
            place = escape(next.load(as: UInt8.self), at: place)
            next += 1
        }
        buffer.advance(by: place - start)
    }

    /// Copies eight bytes, up to the first special one, and escapes that.
    @inline(__always)
    private static func step(_ next: inout UnsafeRawPointer, _ place: inout UnsafeMutableRawPointer) {
        let word = next.loadUnaligned(as: UInt64.self)
        place.storeBytes(of: word, as: UInt64.self)
        let plain = firstSpecial(in: word)
        next += plain
        place += plain
        if plain < 8 {
            place = escape(next.load(as: UInt8.self), at: place)
            next += 1
        }
    }

    /// How many of the eight bytes, in the order of memory, stand in front of the first that needs an escape.
    ///
    /// The borrow of each subtraction reaches only bytes above a byte that was found, so the lowest mark is exact.
    @inline(__always)
    static func firstSpecial(in word: UInt64) -> Int {
        marks(in: word).trailingZeroBitCount >> 3
    }

    @inline(__always)
    private static func marks(in word: UInt64) -> UInt64 {
        let word = UInt64(littleEndian: word)
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let found =
            ((word &- ones &* 0x20) & ~word) | ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
        return found & highBits
    }

    /// Writes one byte, escaped if it must be, at `place`; answers the place behind it. Needs six bytes of room.
    @inline(__always)
    private static func escape(_ byte: UInt8, at place: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer {
        if byte >= 0x20, byte != 0x22, byte != 0x5C {
            place.storeBytes(of: byte, as: UInt8.self)
            return place + 1
        }
        let short: UInt8
        switch byte {
        case 0x22, 0x5C: short = byte
        case 0x08: short = UInt8(ascii: "b")
        case 0x09: short = UInt8(ascii: "t")
        case 0x0A: short = UInt8(ascii: "n")
        case 0x0C: short = UInt8(ascii: "f")
        case 0x0D: short = UInt8(ascii: "r")
        default:
            let low = byte & 0x0F
            let sequence: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8) = (
                0x5C, UInt8(ascii: "u"), 0x30, 0x30, 0x30 + (byte >> 4), low < 10 ? 0x30 + low : 0x57 + low
            )
            place.storeBytes(of: sequence, as: (UInt8, UInt8, UInt8, UInt8, UInt8, UInt8).self)
            return place + 6
        }
        place.storeBytes(of: 0x5C, as: UInt8.self)
        place.storeBytes(of: short, toByteOffset: 1, as: UInt8.self)
        return place + 2
    }
}
