/// Validation of UTF-8 as RFC 3629 defines it, which RFC 6455 section 8.1 demands: no overlong forms, no surrogates,
/// nothing over U+10FFFF.
public enum UTF8Validation {
    /// Whether `bytes` are whole, valid UTF-8. Pure ASCII costs one pass, 64 bytes at a time.
    @inlinable
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress else { return true }
        let ascii = asciiPrefix(start, bytes.count)
        return ascii == bytes.count || isValidBeyondASCII(start + ascii, bytes.count - ascii)
    }

    /// The length of the longest prefix of whole scalars in `bytes`, or nil if no continuation can make them valid.
    ///
    /// At most three bytes stay behind it: the beginning of a scalar that is valid so far. Offer them again with the
    /// bytes that follow.
    public static func wholeScalars(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let start = bytes.baseAddress else { return 0 }
        let end = start + bytes.count
        var next = start + asciiPrefix(start, bytes.count)
        while next < end {
            if next.load(as: UInt8.self) < 0x80 {
                next = skipASCII(next, end)
                continue
            }
            let size = scalarSize(next, end)
            if size == 0 {
                return isScalarBeginning(next, end) ? next - start : nil
            }
            next += size
        }
        return next - start
    }

    /// The length of a prefix that is ASCII: all of `count` bytes, or at least up to the block with another byte.
    @inlinable
    static func asciiPrefix(_ start: UnsafeRawPointer, _ count: Int) -> Int {
        let high: UInt64 = 0x8080_8080_8080_8080
        var done = 0
        while count &- done >= 256 {
            let next = start + done
            guard isASCII(next) && isASCII(next + 128) else { break }
            done &+= 256
        }
        while count &- done >= 64 {
            let next = start + done
            let either =
                next.loadUnaligned(as: SIMD16<UInt8>.self)
                | next.loadUnaligned(fromByteOffset: 16, as: SIMD16<UInt8>.self)
                | next.loadUnaligned(fromByteOffset: 32, as: SIMD16<UInt8>.self)
                | next.loadUnaligned(fromByteOffset: 48, as: SIMD16<UInt8>.self)
            let words = unsafeBitCast(either, to: SIMD2<UInt64>.self)
            guard (words[0] | words[1]) & high == 0 else { return done }
            done &+= 64
        }
        while count - done >= 8 {
            guard (start + done).loadUnaligned(as: UInt64.self) & high == 0 else { return done }
            done += 8
        }
        guard done < count else { return done }
        if count >= 8 {
            // The last word again, overlapping what is known: cheaper than byte by byte.
            return (start + count - 8).loadUnaligned(as: UInt64.self) & high == 0 ? count : done
        }
        while done < count, (start + done).load(as: UInt8.self) < 0x80 { done += 1 }
        return done
    }

    /// Whether 128 bytes are ASCII.
    @inlinable
    @inline(__always)
    static func isASCII(_ start: UnsafeRawPointer) -> Bool {
        var either = start.loadUnaligned(as: SIMD16<UInt8>.self)
        for offset in stride(from: 16, to: 128, by: 16) {
            either |= start.loadUnaligned(fromByteOffset: offset, as: SIMD16<UInt8>.self)
        }
        let words = unsafeBitCast(either, to: SIMD2<UInt64>.self)
        return (words[0] | words[1]) & 0x8080_8080_8080_8080 == 0
    }

    @usableFromInline
    @inline(never)
    static func isValidBeyondASCII(_ start: UnsafeRawPointer, _ count: Int) -> Bool {
        wholeScalars(in: UnsafeRawBufferPointer(start: start, count: count)) == count
    }

    /// The first byte from `next` on that is not ASCII, or `end`.
    @inline(__always)
    private static func skipASCII(_ start: UnsafeRawPointer, _ end: UnsafeRawPointer) -> UnsafeRawPointer {
        var next = start
        while end - next >= 8 {
            let high = UInt64(littleEndian: next.loadUnaligned(as: UInt64.self)) & 0x8080_8080_8080_8080
            guard high == 0 else { return next + high.trailingZeroBitCount / 8 }
            next += 8
        }
        while next < end, next.load(as: UInt8.self) < 0x80 { next += 1 }
        return next
    }

    /// The size of the scalar of two to four bytes at `next`, or 0 if it is not whole or not valid.
    @inline(__always)
    private static func scalarSize(_ next: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Int {
        var word: UInt32 = 0
        if end - next >= 4 {
            word = UInt32(littleEndian: next.loadUnaligned(as: UInt32.self))
        } else {
            // Zero bytes behind the end are no continuation bytes, so a scalar that is cut short does not match.
            for index in 0..<(end - next) {
                word |= UInt32(next.load(fromByteOffset: index, as: UInt8.self)) << UInt32(8 * index)
            }
        }
        // The pattern of lead and continuation bytes; then no overlong form, no surrogate, nothing over U+10FFFF.
        if word & 0x0000_C0E0 == 0x0000_80C0 {
            return word & 0x1E != 0 ? 2 : 0
        }
        if word & 0x00C0_C0F0 == 0x0080_80E0 {
            let leadAndRange = word & 0x200F
            return leadAndRange != 0 && leadAndRange != 0x200D ? 3 : 0
        }
        if word & 0xC0C0_C0F8 == 0x8080_80F0 {
            let leadAndRange = word & 0x3007
            return leadAndRange != 0 && (word & 7 < 4 || leadAndRange == 4) ? 4 : 0
        }
        return 0
    }

    /// Whether the bytes from `next` to `end` are a proper beginning of a scalar: cut short, but valid so far.
    private static func isScalarBeginning(_ next: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Bool {
        let lead = next.load(as: UInt8.self)
        let count = end - next
        let size: Int
        switch lead {
        case 0xC2...0xDF: size = 2
        case 0xE0...0xEF: size = 3
        case 0xF0...0xF4: size = 4
        default: return false
        }
        guard count < size else { return false }
        guard count > 1 else { return true }
        let second = next.load(fromByteOffset: 1, as: UInt8.self)
        let allowed: ClosedRange<UInt8> =
            switch lead {
            case 0xE0: 0xA0...0xBF
            case 0xED: 0x80...0x9F
            case 0xF0: 0x90...0xBF
            case 0xF4: 0x80...0x8F
            default: 0x80...0xBF
            }
        guard allowed.contains(second) else { return false }
        return count < 3 || next.load(fromByteOffset: 2, as: UInt8.self) & 0xC0 == 0x80
    }
}
