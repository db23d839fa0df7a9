import WebSocketProtocol

/// The head of an HTTP/1.x request (RFC 9112 sections 2 to 6), kept as the bytes that came, with the places of its parts.
struct HTTPRequestHead: Hashable, Sendable {
    /// How the request's content ends (RFC 9112 section 6.3).
    enum Framing: Hashable, Sendable {
        /// After this many bytes; 0 if there is no content.
        case length(Int)
        case chunked
    }

    private struct FieldPlace: Hashable, Sendable {
        let name: Range<Int>
        let value: Range<Int>
    }

    /// The most field lines.
    static let fieldLimit = 256

    /// The method as it came: methods are case-sensitive.
    let method: String
    /// The target's path as it came, not decoded; `*` for the server as a whole.
    let path: String
    /// The target's query as it came, without the question mark; empty if there is none.
    let query: String
    /// The x in HTTP/1.x.
    let minorVersion: UInt8
    /// How the content ends.
    private(set) var framing = Framing.length(0)
    /// Whether the connection may serve another request (RFC 9112 section 9.3).
    private(set) var keepsAlive = true
    private let bytes: [UInt8]
    private var places: [FieldPlace] = []

    /// Parses a whole head, its empty line included, whose lines end with CR LF.
    init(_ bytes: [UInt8]) throws(HTTPRequestFault) {
        self.bytes = bytes
        let end = bytes.firstIndex(of: 0x0D) ?? bytes.count
        try Self.checkLineEnd(bytes, end)
        let parts = bytes[..<end].split(separator: 0x20, maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, HTTPSyntax.isToken(parts[0]) else {
            throw HTTPRequestFault(400, "the request line is not 'METHOD TARGET HTTP/1.1'")
        }
        method = String(decoding: parts[0], as: UTF8.self)
        minorVersion = try Self.minorVersion(parts[2])
        (path, query) = try Self.target(parts[1])
        try findFields(from: end + 2)
        try decideFraming()
        keepsAlive = minorVersion > 0 ? !hasToken("close", in: "Connection") : hasToken("keep-alive", in: "Connection")
    }

    // MARK: Fields

    /// All fields in the order of the wire, names as they were written.
    var fields: [(name: String, value: String)] {
        places.map { (text($0.name), text($0.value)) }
    }

    /// The value of the first field called `name`, without regard to case.
    subscript(name: StaticString) -> String? {
        places.first { isNamed(name, $0) }.map { text($0.value) }
    }

    /// Whether one of the fields called `name` has `token` among its comma-separated members, without regard to case.
    func hasToken(_ token: String, in name: StaticString) -> Bool {
        places.contains { place in
            isNamed(name, place)
                && text(place.value).split(separator: ",").contains { Self.trimmed($0).lowercased() == token }
        }
    }

    /// Whether the client waits for 100 before it sends the content (RFC 9110 section 10.1.1).
    var expectsContinue: Bool { minorVersion > 0 && hasToken("100-continue", in: "Expect") }

    /// The value of the first query item called `name`, decoded; nil if there is none.
    func queryItem(_ name: String) -> String? {
        for item in query.utf8.split(separator: UInt8(ascii: "&")) {
            let halves = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = halves.first, PercentCoding.decoded(first) == name else { continue }
            return halves.count > 1 ? PercentCoding.decoded(halves[1]) : ""
        }
        return nil
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func isNamed(_ name: StaticString, _ place: FieldPlace) -> Bool {
        guard place.name.count == name.utf8CodeUnitCount else { return false }
        return name.withUTF8Buffer { expected in
            zip(expected, bytes[place.name]).allSatisfy { Self.lowercased($0) == Self.lowercased($1) }
        }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { 0x41...0x5A ~= byte ? byte | 0x20 : byte }

    private static func trimmed(_ text: Substring) -> Substring {
        var rest = text.drop { $0 == " " || $0 == "\t" }
        while rest.last == " " || rest.last == "\t" { rest.removeLast() }
        return rest
    }

    // MARK: Parsing

    private static func minorVersion(_ bytes: ArraySlice<UInt8>) throws(HTTPRequestFault) -> UInt8 {
        guard bytes.count == 8, bytes.starts(with: "HTTP/".utf8), let minor = bytes.last, 0x30...0x39 ~= minor else {
            throw HTTPRequestFault(400, "the request line does not end with a version such as HTTP/1.1")
        }
        guard bytes.dropFirst(5).starts(with: "1.".utf8) else { throw HTTPRequestFault(505, "only HTTP/1.1 and 1.0") }
        return minor - 0x30
    }

    private static func target(_ bytes: ArraySlice<UInt8>) throws(HTTPRequestFault) -> (path: String, query: String) {
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw HTTPRequestFault(400, "the target has characters that have to be percent-encoded")
        }
        var rest = bytes.prefix { $0 != UInt8(ascii: "#") }
        if rest.first != UInt8(ascii: "/"), let slashes = rest.firstIndex(of: UInt8(ascii: "/")) {
            // As it is sent to a proxy: http://host/path (RFC 9112 section 3.2.2).
            guard rest[slashes...].starts(with: "//".utf8), rest[..<slashes].last == UInt8(ascii: ":") else {
                throw HTTPRequestFault(400, "the target is neither a path nor a URL")
            }
            let authority = rest[(slashes + 2)...]
            rest = authority.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }.map { rest[$0...] } ?? []
        } else if rest.first != UInt8(ascii: "/"), !rest.elementsEqual("*".utf8) {
            throw HTTPRequestFault(400, "the target is not a path")
        }
        let path = rest.prefix { $0 != UInt8(ascii: "?") }
        let query = rest[path.endIndex...].dropFirst()
        return (path.isEmpty ? "/" : String(decoding: path, as: UTF8.self), String(decoding: query, as: UTF8.self))
    }

    private static func checkLineEnd(_ bytes: [UInt8], _ end: Int) throws(HTTPRequestFault) {
        guard end + 1 < bytes.count, bytes[end + 1] == 0x0A else {
            throw HTTPRequestFault(400, "a CR stands in a line of the head")
        }
    }

    private mutating func findFields(from start: Int) throws(HTTPRequestFault) {
        var start = start
        while let end = bytes[start...].firstIndex(of: 0x0D), end > start {
            try Self.checkLineEnd(bytes, end)
            let line = bytes[start..<end]
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), HTTPSyntax.isToken(line[..<colon]) else {
                throw HTTPRequestFault(400, "a field line is not 'Name: value'")
            }
            let value = line[(colon + 1)...]
            guard value.allSatisfy(HTTPSyntax.isTextCharacter) else {
                throw HTTPRequestFault(400, "a field's value has control characters")
            }
            let first = value.firstIndex { $0 != 0x20 && $0 != 0x09 } ?? end
            let last = value.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { $0 + 1 } ?? end
            guard places.count < Self.fieldLimit else { throw HTTPRequestFault(431, "more than 256 fields") }
            places.append(FieldPlace(name: start..<colon, value: first..<last))
            start = end + 2
            if start >= bytes.count { return }
        }
        let hosts = places.count { isNamed("Host", $0) }
        guard hosts == 1 || (hosts == 0 && minorVersion == 0) else {
            throw HTTPRequestFault(400, "there has to be one Host field")
        }
    }

    /// RFC 9112 section 6.3. What could be understood in two ways is refused, as it is how requests are smuggled.
    private mutating func decideFraming() throws(HTTPRequestFault) {
        let lengths = places.filter { isNamed("Content-Length", $0) }.map { bytes[$0.value] }
        let codings = places.filter { isNamed("Transfer-Encoding", $0) }.map { text($0.value).lowercased() }
        if let coding = codings.first {
            guard lengths.isEmpty, minorVersion > 0 else {
                throw HTTPRequestFault(400, "Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0")
            }
            guard codings.count == 1, coding == "chunked" else {
                throw HTTPRequestFault(501, "the only transfer coding is chunked")
            }
            framing = .chunked
        } else if let length = lengths.first {
            guard lengths.allSatisfy({ $0.elementsEqual(length) }), let count = PercentCoding.decimal(length) else {
                throw HTTPRequestFault(400, "Content-Length is not one number")
            }
            framing = .length(count)
        }
    }
}
