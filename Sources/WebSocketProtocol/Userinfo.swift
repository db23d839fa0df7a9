/// User and password of a URL, decoded (RFC 3986 section 3.2.1).
struct Userinfo: Hashable, Sendable {
    /// What stands before the first colon.
    let user: [UInt8]
    /// What stands behind it; empty without one.
    let password: [UInt8]

    /// The parts of `user:password`, percent-encoded with whole triplets, as the URL was checked for.
    init(_ encoded: String) {
        let bytes = Array(encoded.utf8)
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
        user = Self.percentDecoded(bytes[..<colon])
        password = Self.percentDecoded(bytes[colon...].dropFirst())
    }

    /// The credentials of `Basic` (RFC 7617 section 2); nil if it has no way to write them: a colon in the user, or a
    /// control character.
    var basicCredentials: String? {
        guard !user.contains(UInt8(ascii: ":")), (user + password).allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            return nil
        }
        return Base64.encode(user + [UInt8(ascii: ":")] + password)
    }

    private static func percentDecoded(_ encoded: ArraySlice<UInt8>) -> [UInt8] {
        var decoded: [UInt8] = []
        var rest = encoded
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let high = HTTPSyntax.hexadecimalValue(rest[rest.startIndex]),
                let low = HTTPSyntax.hexadecimalValue(rest[rest.startIndex + 1])
            {
                decoded.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                decoded.append(byte)
            }
        }
        return decoded
    }
}
