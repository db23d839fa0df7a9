/// The key that proves that an answer belongs to our opening handshake (RFC 6455 sections 4.1 and 1.3).
public struct OpeningKey: Hashable, Sendable {
    /// The value of `Sec-WebSocket-Key`: 24 characters, base64 of 16 bytes.
    public let value: String

    /// The key of a nonce: 16 bytes that are fresh and random for each connection.
    public init(nonce: (UInt64, UInt64)) {
        value = withUnsafeBytes(of: nonce) { Base64.encode($0) }
    }

    /// A key that exists already; nil unless it is the base64 of 16 bytes.
    public init?(_ value: String) {
        let bytes = Array(value.utf8)
        guard bytes.count == 24, bytes.hasSuffix("=="), bytes.dropLast(2).allSatisfy(Self.isDigit) else { return nil }
        // Sixteen bytes fill 21 digits and two bits of the next.
        guard [UInt8(ascii: "A"), UInt8(ascii: "Q"), UInt8(ascii: "g"), UInt8(ascii: "w")].contains(bytes[21]) else {
            return nil
        }
        self.value = value
    }

    /// The `Sec-WebSocket-Accept` that the server must answer (section 4.2.2).
    public var expectedAccept: String {
        Base64.encode(SHA1.digest("\(value)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "/"):
            true
        default: false
        }
    }
}

extension [UInt8] {
    fileprivate func hasSuffix(_ suffix: String) -> Bool {
        suffix.utf8.elementsEqual(self.suffix(suffix.utf8.count))
    }
}
