/// Reads the head of an HTTP/1.1 response byte by byte (RFC 9112 sections 2-5), so that the first wrong byte is found as
/// soon as it is there and in whatever pieces it comes. Interim answers (1xx other than 101) are passed over.
struct HTTPHeadReader: Sendable {
    /// A whole head.
    struct Head: Sendable {
        var status: Int
        var reasonPhrase: String
        /// The x in HTTP/1.x.
        var minorVersion: UInt8
        var fields: HTTPFields
    }

    /// The most bytes of all heads up to the final one.
    static let sizeLimit = 16 << 10
    /// The most field lines in a head.
    static let fieldLimit = 128

    private var line: [UInt8] = []
    private var endsInCarriageReturn = false
    private var size = 0
    /// The head as far as it has come; nil in a status line.
    private(set) var head: Head?

    /// Takes one byte; true once `head` is whole.
    mutating func take(_ byte: UInt8) throws(HandshakeViolation) -> Bool {
        size += 1
        guard size <= Self.sizeLimit else { throw HandshakeViolation(.headTooLong) }
        if endsInCarriageReturn {
            guard byte == 0x0A else { throw HandshakeViolation(.bareCarriageReturn, shownLine) }
            endsInCarriageReturn = false
            return try endLine()
        }
        if head == nil { try checkBeginning(byte) }
        switch byte {
        case 0x0D: endsInCarriageReturn = true
        case 0x0A: throw HandshakeViolation(.bareLineFeed, shownLine)
        case _ where !HTTPSyntax.isTextCharacter(byte):
            throw HandshakeViolation(.controlCharacter, "\(Excerpt.of(CollectionOfOne(byte))) in \(shownLine)")
        default: line.append(byte)
        }
        return false
    }

    /// The line so far, for an error; of a field only the name, since its value may be secret.
    private var shownLine: String {
        guard head != nil, let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return Excerpt.of(line) }
        return "\(Excerpt.of(line[..<colon])): …"
    }

    /// Garbage is told from HTTP at its first wrong byte.
    private func checkBeginning(_ byte: UInt8) throws(HandshakeViolation) {
        guard line.count < 7 else { return }
        guard byte != Array("HTTP/1.".utf8)[line.count] else { return }
        guard line.count < 5 else { throw HandshakeViolation(.unsupportedVersion, Excerpt.of(line + [byte])) }
        let isAlert = line.isEmpty && (byte == 0x15 || byte == 0x16)
        throw HandshakeViolation(
            .notHTTP,
            Excerpt.of(line + [byte]) + (isAlert ? ", the beginning of TLS: try wss://" : "")
        )
    }

    private mutating func endLine() throws(HandshakeViolation) -> Bool {
        defer { line.removeAll(keepingCapacity: true) }
        guard let status = head?.status else {
            head = try parseStatusLine()
            return false
        }
        guard line.isEmpty else {
            let field = try parseField()
            head?.fields.append(field)
            guard fieldCount <= Self.fieldLimit else { throw HandshakeViolation(.tooManyFields) }
            return false
        }
        let isInterim = status < 200 && status != 101
        if isInterim { head = nil }
        return !isInterim
    }

    private var fieldCount: Int {
        head?.fields.lines.count ?? 0
    }

    /// `HTTP/1.1 101 Switching Protocols`; the phrase, and the blank before it, may be missing.
    private func parseStatusLine() throws(HandshakeViolation) -> Head {
        let bytes = line[...]
        let digits = bytes.dropFirst(9).prefix(3)
        guard bytes.count >= 12, bytes[8] == 0x20, let status = HTTPSyntax.decimal(digits), status >= 100,
            let minor = HTTPSyntax.decimal(bytes[7..<8]), bytes.count == 12 || bytes[12] == 0x20
        else {
            throw HandshakeViolation(.malformedStatusLine, Excerpt.of(bytes))
        }
        return Head(
            status: Int(status),
            reasonPhrase: String(decoding: HTTPSyntax.trimmed(bytes.dropFirst(12)), as: UTF8.self),
            minorVersion: UInt8(truncatingIfNeeded: minor),
            fields: HTTPFields()
        )
    }

    private func parseField() throws(HandshakeViolation) -> HTTPFields.Line {
        guard line.first != 0x20, line.first != 0x09 else {
            throw HandshakeViolation(.foldedLine, head?.fields.lines.last?.name ?? "")
        }
        let name = line.prefix { $0 != UInt8(ascii: ":") }
        guard name.count < line.count, HTTPSyntax.isToken(name) else {
            throw HandshakeViolation(.malformedField, shownLine)
        }
        let value = HTTPSyntax.trimmed(line[(name.endIndex + 1)...])
        return .init(
            name: String(decoding: name, as: UTF8.self),
            value: String(decoding: value, as: UTF8.self)
        )
    }
}
