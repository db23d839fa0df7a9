/// Peers that agree on permessage-deflate (RFC 7692) with whoever offers it, with whole windows and histories kept; and
/// on nothing with others.
extension FaultBehaviour {
    /// Sends each message back, compressed if that was agreed on, whether it came compressed or not.
    public static let deflatingEcho = FaultBehaviour { connection in
        let codec = try connection.upgradeToDeflate()
        while true {
            let frame = try connection.readFrame(within: .seconds(3600))
            switch frame.opcode {
            case 8:
                try connection.sendClose(frame.closeCode)
                return
            case 9: try connection.send(.pong(frame.payload))
            case 10: break
            default: try connection.send(opcode: frame.opcode, try codec?.message(of: frame) ?? frame.payload, codec)
            }
        }
    }

    /// Sends `count` texts `{"n":1}`, `{"n":2}` …, compressed if that was agreed on, then ends so.
    public static func deflatingNumbered(_ count: Int, then ending: Ending) -> FaultBehaviour {
        FaultBehaviour { connection in
            let codec = try connection.upgradeToDeflate()
            for number in 1...max(1, count) {
                try connection.send(opcode: 1, Array("{\"n\":\(number)}".utf8), codec)
            }
            try connection.end(ending)
        }
    }

    /// Sends one compressed message that inflates to so much, and reads to the end.
    public static func deflateBomb(mebibytes: Int) -> FaultBehaviour {
        FaultBehaviour { connection in
            _ = try connection.upgradeToDeflate()
            try connection.send(WireFrame(opcode: 2, DeflateCodec.bomb(mebibytes: mebibytes), reserved: 4))
            try connection.readToEnd()
        }
    }
}

extension FaultConnection {
    /// Answers the request with a 101 that takes permessage-deflate if it is offered.
    ///
    /// - Returns: what to compress with; nil if it was not offered.
    public func upgradeToDeflate() throws -> DeflateCodec? {
        let offer = try readRequest()["Sec-WebSocket-Extensions"] ?? ""
        guard offer.hasPrefix("permessage-deflate") else {
            try upgrade()
            return nil
        }
        try upgrade(fields: [("Sec-WebSocket-Extensions", "permessage-deflate")])
        return try DeflateCodec()
    }

    /// Sends a message in one frame, compressed if there is something to do it with.
    public func send(opcode: UInt8, _ message: [UInt8], _ codec: DeflateCodec?) throws {
        guard let codec else { return try send(WireFrame(opcode: opcode, message)) }
        try send(WireFrame(opcode: opcode, codec.deflate(message), reserved: 4))
    }
}

extension DeflateCodec {
    /// The message of an unfragmented frame, which says itself whether it is compressed.
    public func message(of frame: WireFrame) throws -> [UInt8] {
        frame.reserved & 4 == 0 ? frame.payload : try inflate(frame.payload)
    }
}
