/// Base64 with padding (RFC 4648 section 4).
enum Base64 {
    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    /// Appends `bytes` in base64.
    static func append(_ bytes: UnsafeRawBufferPointer, to buffer: inout LineBuffer) {
        let length = (bytes.count + 2) / 3 * 4
        var place = buffer.room(for: length)
        let digits = alphabet.utf8Start
        var index = 0
        while bytes.count - index >= 3 {
            let group = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
            store(group, digits, at: place)
            place += 4
            index += 3
        }
        let rest = bytes.count - index
        if rest > 0 {
            let group = UInt32(bytes[index]) << 16 | (rest == 2 ? UInt32(bytes[index + 1]) << 8 : 0)
            store(group, digits, at: place)
            place.storeBytes(of: UInt8(ascii: "="), toByteOffset: 3, as: UInt8.self)
            if rest == 1 {
                place.storeBytes(of: UInt8(ascii: "="), toByteOffset: 2, as: UInt8.self)
            }
        }
        buffer.advance(by: length)
    }

    @inline(__always)
    private static func store(_ group: UInt32, _ digits: UnsafePointer<UInt8>, at place: UnsafeMutableRawPointer) {
        let characters =
            UInt32(digits[Int(group >> 18 & 63)]) | UInt32(digits[Int(group >> 12 & 63)]) << 8
            | UInt32(digits[Int(group >> 6 & 63)]) << 16 | UInt32(digits[Int(group & 63)]) << 24
        place.storeBytes(of: characters.littleEndian, as: UInt32.self)
    }
}
