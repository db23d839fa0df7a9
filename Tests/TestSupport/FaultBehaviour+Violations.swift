/// Peers that break RFC 6455 or HTTP, each in one way. After the violation they wait for the client to end the
/// connection, and read what it sends: its Close frame is in the server's `closes`.
extension FaultBehaviour {
    /// Upgrades, sends these frames or bytes, then reads to the end.
    public static func sends(_ bytes: [UInt8]) -> FaultBehaviour {
        FaultBehaviour { connection in
            try connection.upgrade()
            try connection.send(bytes)
            try connection.readToEnd()
        }
    }

    /// Answers the request with 200 bytes that are not HTTP.
    public static let garbageInsteadOfHTTP = FaultBehaviour { connection in
        try connection.readRequest()
        try connection.send((0..<200).map { UInt8(truncatingIfNeeded: $0 * 167 + 13) })
        try connection.awaitEnd()
    }

    /// Answers with a head that never ends, until the client has had enough.
    public static let endlessHeader = FaultBehaviour { connection in
        try connection.readRequest()
        try connection.send("HTTP/1.1 101 Switching Protocols\r\n")
        while true { try connection.send("X-More: \(String(repeating: "x", count: 1000))\r\n") }
    }

    /// Answers with the first bytes of a good head, then nothing more.
    public static let stopsInHeader = FaultBehaviour { connection in
        try connection.readRequest()
        try connection.send("HTTP/1.1 101 Switching Protocols\r\nUpgr")
        try connection.awaitEnd(within: .seconds(3600))
    }

    /// Upgrades with a Sec-WebSocket-Accept that belongs to another key.
    public static let wrongAccept = FaultBehaviour { connection in
        try connection.upgrade(accept: acceptKey(for: "another key"))
        try connection.awaitEnd()
    }

    /// Upgrades and then sends each of its frames one byte at a time, ending with a closing handshake.
    public static func oneByteAtATime(_ texts: [String]) -> FaultBehaviour {
        FaultBehaviour { connection in
            try connection.upgrade()
            for text in texts { try connection.send(WireFrame.text(text).bytes, inPiecesOf: 1) }
            try connection.closeProperly()
        }
    }

    /// A text frame with reserved bits (1 to 7; RSV1 is 4) that nothing negotiated.
    public static func reservedBits(_ bits: UInt8) -> FaultBehaviour {
        sends(WireFrame(opcode: 1, [65], reserved: bits).bytes)
    }

    /// A frame with an opcode that RFC 6455 does not define.
    public static func unknownOpcode(_ opcode: UInt8) -> FaultBehaviour {
        sends(WireFrame(opcode: opcode, [65]).bytes)
    }

    /// A binary frame that claims this many bytes and has none of them; by default more than 2^63.
    public static func hugeLength(_ length: UInt64 = .max) -> FaultBehaviour {
        sends(WireFrame(opcode: 2, [], claimedLength: length).bytes)
    }

    /// A masked text frame, which a server must not send.
    public static let maskedFrame = sends(WireFrame(opcode: 1, [65, 66], maskingKey: 0x0102_0304).bytes)

    /// A continuation frame without a message that it could continue.
    public static let continuationWithoutStart = sends(WireFrame(opcode: 0, [65]).bytes)

    /// A new message before the last one's final frame.
    public static let messageInsideMessage = sends(
        WireFrame(opcode: 1, [65], fin: false).bytes + WireFrame(opcode: 1, [66]).bytes
    )

    /// A fragmented Ping.
    public static let fragmentedControl = sends(WireFrame(opcode: 9, [65], fin: false).bytes)

    /// A Ping of 126 bytes, one more than a control frame may have.
    public static let longControl = sends(WireFrame.ping([UInt8](repeating: 65, count: 126)).bytes)

    /// A text message that is not UTF-8: an overlong slash.
    public static let badUTF8 = sends(WireFrame(opcode: 1, [0x48, 0x69, 0xC0, 0xAF]).bytes)

    /// A Close with this payload, e.g. of one byte or with a reason that is not UTF-8.
    public static func closePayload(_ payload: [UInt8]) -> FaultBehaviour {
        sends(WireFrame(opcode: 8, payload).bytes)
    }

    /// A binary message of this size in one frame, then a closing handshake.
    public static func message(ofBytes count: Int) -> FaultBehaviour {
        FaultBehaviour { connection in
            try connection.upgrade()
            try connection.sendBinary([UInt8](repeating: 7, count: count))
            try connection.closeProperly()
        }
    }
}

extension FaultConnection {
    /// Reads frames until the client has ended the connection; its Close is recorded but not answered.
    public func readToEnd() throws(StreamError) {
        while true { _ = try readFrame() }
    }
}
