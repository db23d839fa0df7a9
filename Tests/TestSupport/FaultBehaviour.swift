/// What a `FaultServer` does with a connection. The ready ones are static members; `FaultBehaviour { connection in … }`
/// makes another.
public struct FaultBehaviour: Sendable {
    let script: @Sendable (FaultConnection) throws -> Void

    /// A behaviour that runs `script`; when it returns or throws, the connection is closed.
    public init(_ script: @escaping @Sendable (FaultConnection) throws -> Void) {
        self.script = script
    }

    /// The first connection gets the first behaviour, and so on; all further ones get `last`.
    public static func sequence(_ behaviours: [FaultBehaviour], then last: FaultBehaviour) -> FaultBehaviour {
        FaultBehaviour { connection in
            let index = connection.number - 1
            try (index < behaviours.count ? behaviours[index] : last).script(connection)
        }
    }

    /// A behaviour for each request target; others are answered with 404.
    public static func routes(_ behaviours: [String: FaultBehaviour]) -> FaultBehaviour {
        FaultBehaviour { connection in
            let target = try connection.readRequest().target
            try (behaviours[target] ?? .rejects(404)).script(connection)
        }
    }

    // MARK: Good peers

    /// Sends each message back, answers Ping and Close.
    public static let echo = FaultBehaviour { connection in
        try connection.upgrade()
        try connection.echoFrames()
    }

    /// What happens after the last numbered message.
    public enum Ending: Hashable, Sendable {
        /// A closing handshake with this code.
        case close(UInt16)
        /// FIN without a Close.
        case drop
        /// RST.
        case reset
        /// Silence until the server stops.
        case hold
    }

    /// Sends `count` texts `{"n":1}`, `{"n":2}` … as fast as they are read, then ends so.
    public static func numbered(_ count: Int, from first: Int = 1, then ending: Ending = .drop) -> FaultBehaviour {
        FaultBehaviour { connection in
            try connection.upgrade()
            try connection.sendNumbered(first..<first + count)
            try connection.end(ending)
        }
    }

    /// Closes the session with this code and waits for the peer's Close; nil sends a Close without a code.
    public static func closeCode(_ code: UInt16?, _ reason: String = "") -> FaultBehaviour {
        FaultBehaviour { connection in
            try connection.upgrade()
            try connection.closeProperly(code, reason)
        }
    }

    /// Answers the request with this status instead of 101, then closes.
    public static func rejects(
        _ status: Int,
        fields: [(name: String, value: String)] = [],
        body: String = ""
    ) -> FaultBehaviour {
        FaultBehaviour { connection in
            try connection.reject(status: status, fields: fields, body: body)
        }
    }

    // MARK: Absent peers

    /// Accepts TCP and never says a word, nor reads.
    public static let silentAfterAccept = FaultBehaviour { connection in
        try connection.hold()
    }

    /// Upgrades, then reads everything and answers nothing: no Pong, no Close.
    public static let silentAfterUpgrade = FaultBehaviour { connection in
        try connection.upgrade()
        try connection.awaitEnd(within: .seconds(3600))
    }

    /// Upgrades and answers Pings, but never a Close, and never ends the connection.
    public static let neverAnswersClose = FaultBehaviour { connection in
        try connection.upgrade()
        while true {
            let frame = try connection.readFrame(within: .seconds(3600))
            if frame.opcode == 9 { try connection.send(.pong(frame.payload)) }
        }
    }

    /// Upgrades and never reads again, so that the peer's socket fills up.
    public static let neverReads = FaultBehaviour { connection in
        connection.stream.limitReceiveBuffer(4096)
        try connection.upgrade()
        try connection.hold()
    }

    /// Upgrades, then ends the connection (FIN) after this time without a byte from the peer; Pings are answered.
    public static func dropsIdle(after limit: Duration) -> FaultBehaviour {
        FaultBehaviour { connection in
            try connection.upgrade()
            do {
                try connection.echoFrames(idleLimit: limit)
            } catch StreamError.timedOut {
                connection.close()
            }
        }
    }

    /// Upgrades, sends `count` numbered messages, then RST.
    public static func resets(after count: Int) -> FaultBehaviour {
        numbered(count, then: .reset)
    }
}

extension FaultConnection {
    /// Echoes data frames, answers Ping and Close, until the session has ended.
    ///
    /// - Throws: `StreamError.timedOut` after `idleLimit` without a frame.
    public func echoFrames(idleLimit: Duration = .seconds(3600)) throws(StreamError) {
        while true {
            var frame = try readFrame(within: idleLimit)
            frame.maskingKey = nil
            switch frame.opcode {
            case 8:
                try send(frame)
                close()
                return
            case 9: try send(.pong(frame.payload))
            case 10: break
            default: try send(frame)
            }
        }
    }

    /// Sends a text `{"n":N}` for each number, many in each write.
    public func sendNumbered(_ numbers: Range<Int>) throws(StreamError) {
        var bytes: [UInt8] = []
        for number in numbers {
            bytes += WireFrame.text("{\"n\":\(number)}").bytes
            if bytes.count > 32_768 {
                try send(bytes)
                bytes.removeAll(keepingCapacity: true)
            }
        }
        if !bytes.isEmpty { try send(bytes) }
    }

    /// Ends the connection this way.
    public func end(_ ending: FaultBehaviour.Ending) throws(StreamError) {
        switch ending {
        case .close(let code): try closeProperly(code)
        case .drop: close()
        case .reset: reset()
        case .hold: try hold()
        }
    }
}
