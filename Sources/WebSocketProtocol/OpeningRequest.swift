/// The client's half of the opening handshake (RFC 6455 section 4.1).
///
/// Its description has no field values: they may be secret.
public struct OpeningRequest: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The most bytes of a request head, by far more than servers accept.
    public static let sizeLimit = 64 << 10

    /// The URL that is asked for.
    public let url: WebSocketURL
    /// The key that the answer must prove to have seen.
    public let key: OpeningKey
    /// The subprotocols asked for, in order of preference.
    public let subprotocols: [String]
    /// The offer of permessage-deflate, if one is made.
    public let deflate: DeflateOffer?
    private let head: [UInt8]

    /// A request for `url`.
    ///
    /// Userinfo in the URL becomes `Authorization: Basic` (RFC 7617) unless `fields` have an `Authorization`. A `Host`
    /// among `fields` replaces that of the URL.
    ///
    /// - Parameters:
    ///   - key: fresh for each connection.
    ///   - subprotocols: unique tokens, the preferred first.
    ///   - fields: further field lines, sent in this order; not those of the handshake itself.
    ///   - deflate: the offer of permessage-deflate; nil makes none.
    /// - Throws: the first field or subprotocol that must not be sent, and why.
    public init(
        url: WebSocketURL,
        key: OpeningKey,
        subprotocols: [String] = [],
        fields: [(name: String, value: String)] = [],
        deflate: DeflateOffer? = nil
    ) throws(HeaderError) {
        try Self.check(fields)
        try Self.check(subprotocols: subprotocols)
        func isGiven(_ name: String) -> Bool {
            fields.contains { HTTPSyntax.areEqualIgnoringCase($0.name, name) }
        }
        var lines = ["GET \(url.target) HTTP/1.1"]
        if !isGiven("Host") { lines.append("Host: \(url.hostField)") }
        lines.append("Upgrade: websocket")
        lines.append("Connection: Upgrade")
        lines.append("Sec-WebSocket-Key: \(key.value)")
        lines.append("Sec-WebSocket-Version: 13")
        if !subprotocols.isEmpty { lines.append("Sec-WebSocket-Protocol: \(subprotocols.joined(separator: ", "))") }
        if let deflate { lines.append("Sec-WebSocket-Extensions: \(deflate.fieldValue)") }
        if let userinfo = url.userinfo, !isGiven("Authorization") {
            lines.append("Authorization: Basic \(try Self.basicCredentials(userinfo))")
        }
        lines.append(contentsOf: fields.map { "\($0.name): \($0.value)" })
        head = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        guard head.count <= Self.sizeLimit else {
            throw HeaderError(.tooLong, name: "\(head.count) bytes, at most \(Self.sizeLimit)")
        }
        self.url = url
        self.key = key
        self.subprotocols = subprotocols
        self.deflate = deflate
    }

    /// The bytes to send.
    public func serialized() -> [UInt8] {
        head
    }

    /// The request line, redacted.
    public var description: String {
        "GET \(url.redacted)"
    }

    /// The request line, redacted.
    public var debugDescription: String {
        description
    }

    private static func check(_ fields: [(name: String, value: String)]) throws(HeaderError) {
        let reserved = ["upgrade", "connection", "content-length", "transfer-encoding"]
        var seen: Set<String> = []
        for (name, value) in fields {
            guard HTTPSyntax.isToken(name.utf8) else { throw HeaderError(.nameNotToken, name: name) }
            let folded = String(decoding: name.utf8.map(HTTPSyntax.lowercased), as: UTF8.self)
            guard !reserved.contains(folded), !folded.utf8.starts(with: "sec-websocket-".utf8) else {
                throw HeaderError(.reservedName, name: name)
            }
            guard value.utf8.allSatisfy(HTTPSyntax.isTextCharacter) else {
                throw HeaderError(.controlCharacter, name: name)
            }
            let isRepeated = !seen.insert(folded).inserted
            guard !isRepeated || !["host", "authorization"].contains(folded) else {
                throw HeaderError(.repeatedField, name: name)
            }
        }
    }

    private static func check(subprotocols: [String]) throws(HeaderError) {
        var seen: Set<String> = []
        for (index, name) in subprotocols.enumerated() {
            // By its number: some services take credentials here.
            let shown = "subprotocol \(index + 1)"
            guard HTTPSyntax.isToken(name.utf8) else { throw HeaderError(.subprotocolNotToken, name: shown) }
            guard seen.insert(name).inserted else { throw HeaderError(.repeatedSubprotocol, name: shown) }
        }
    }

    private static func basicCredentials(_ userinfo: String) throws(HeaderError) -> String {
        guard let credentials = Userinfo(userinfo).basicCredentials else {
            throw HeaderError(.userinfoNotBasic, name: "Authorization")
        }
        return credentials
    }
}
