/// Base64 with the standard alphabet and padding (RFC 4648 section 4).
public enum Base64 {
    /// The encoding of `bytes`: four characters for each three bytes begun.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        var characters: [UInt8] = []
        characters.reserveCapacity(bytes.count / 3 * 4 + 4)
        var group: UInt32 = 0
        var filled = 0
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            filled += 1
            if filled == 3 {
                append(group, digits: 4, to: &characters)
                group = 0
                filled = 0
            }
        }
        if filled > 0 {
            append(group << UInt32(8 * (3 - filled)), digits: filled + 1, to: &characters)
            characters.append(contentsOf: repeatElement(UInt8(ascii: "="), count: 3 - filled))
        }
        return String(decoding: characters, as: UTF8.self)
    }

    /// Appends the first `digits` of the four base64 digits in the low 24 bits of `group`.
    private static func append(_ group: UInt32, digits: Int, to characters: inout [UInt8]) {
        for index in 0..<digits {
            characters.append(digit(UInt8(group >> UInt32(18 - 6 * index) & 63)))
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + (value - 26)
        case 52..<62: UInt8(ascii: "0") + (value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}
