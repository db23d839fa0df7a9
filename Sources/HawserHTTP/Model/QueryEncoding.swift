import WebSocketProtocol

/// Percent-encoding of the parts of a URL, and of forms.
public enum QueryEncoding {
    /// The pairs as `application/x-www-form-urlencoded`, as browsers send a form (WHATWG URL section 5.2): a space is
    /// `+`; letters, digits and `*-._` stay as they are.
    public static func encode(_ pairs: [(String, String)]) -> String {
        var bytes: [UInt8] = []
        for (name, value) in pairs {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
            append(name, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            append(value, to: &bytes)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                bytes.append(byte)
            case UInt8(ascii: " "): bytes.append(UInt8(ascii: "+"))
            default: appendTriplet(byte, to: &bytes)
            }
        }
    }

    private static func appendTriplet(_ byte: UInt8, to bytes: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    /// `rest` of a URL, behind the scheme, with blanks and everything beyond ASCII in its path and query encoded; what is
    /// wrong in other ways stays, to be found by the parser.
    static func escapingOthers(_ rest: String) -> String {
        guard rest.utf8.contains(where: { $0 >= 0x80 || $0 == 0x20 }) else { return rest }
        let slashes = rest.utf8.prefix(2)
        let authority = rest.utf8.dropFirst(2).prefix { !"/?".utf8.contains($0) }
        var bytes = Array(slashes) + Array(authority)
        for byte in rest.utf8.dropFirst(bytes.count) {
            if byte >= 0x80 || byte == 0x20 { appendTriplet(byte, to: &bytes) } else { bytes.append(byte) }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `text` with its triplets decoded; one that is not whole stays as it is.
    static func percentDecoded(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let high = HTTPSyntax.hexadecimalValue(bytes[index + 1]),
                let low = HTTPSyntax.hexadecimalValue(bytes[index + 2])
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: decoded, as: UTF8.self)
    }
}
