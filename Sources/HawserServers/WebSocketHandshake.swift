/// The opening handshake of RFC 6455 section 4.2.1, as far as it is checked before libwebsockets gets it.
enum WebSocketHandshake {
    /// What libwebsockets is sent instead of the client's own head: only what it needs, as it refuses a head of more than
    /// 4 KiB and every subprotocol but its own.
    ///
    /// - Throws: what answers a request that is no sound handshake.
    static func forwarded(_ head: HTTPRequestHead) throws(HTTPRequestFault) -> [UInt8] {
        guard head.hasToken("websocket", in: "Upgrade"), head.hasToken("upgrade", in: "Connection") else {
            throw HTTPRequestFault(426, "this path speaks WebSocket only: ws://")
        }
        guard head.method == "GET", head.minorVersion > 0, head.framing == .length(0) else {
            throw HTTPRequestFault(400, "an opening handshake is a GET without content in HTTP/1.1")
        }
        guard head["Sec-WebSocket-Version"] == "13" else {
            throw HTTPRequestFault(426, "Sec-WebSocket-Version has to be 13")
        }
        guard let key = head["Sec-WebSocket-Key"], key.utf8.count == 24 else {
            throw HTTPRequestFault(400, "Sec-WebSocket-Key has to be 16 bytes as base64")
        }
        return Array(
            """
            GET / HTTP/1.1\r
            Host: localhost\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: \(key)\r
            \r

            """.utf8
        )
    }
}
