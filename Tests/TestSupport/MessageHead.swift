/// The head of an HTTP/1.1 message as it was on the wire: start line and fields, in order, nothing checked.
public struct MessageHead: Hashable, Sendable {
    /// One field line, split at its first colon, surrounding blanks removed.
    public struct Field: Hashable, Sendable {
        /// The field's name as sent.
        public let name: String
        /// The field's value.
        public let value: String
    }

    /// The three parts of the start line: `GET /path HTTP/1.1` or `HTTP/1.1 101 Switching Protocols`.
    public let startLine: [String]
    /// The fields in the order of arrival.
    public let fields: [Field]

    /// The request's method.
    public var method: String {
        part(0)
    }

    /// The request's target: path and query.
    public var target: String {
        part(1)
    }

    /// The response's status code; -1 if it is not a number.
    public var status: Int {
        Int(part(1)) ?? -1
    }

    /// The value of the first field called `name`, without regard to case.
    public subscript(name: String) -> String? {
        fields.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// Splits a head that ends with an empty line.
    public init(_ bytes: some Sequence<UInt8>) {
        let text = String(decoding: Array(bytes), as: UTF8.self)
        let lines = text.split(separator: "\r\n")
        startLine = (lines.first ?? "").split(separator: " ", maxSplits: 2).map(String.init)
        fields = lines.dropFirst().map { line in
            let halves = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return Field(name: String(halves[0]), value: halves.count > 1 ? trimmed(halves[1]) : "")
        }
    }

    private func part(_ index: Int) -> String {
        index < startLine.count ? startLine[index] : ""
    }
}

private func trimmed(_ text: Substring) -> String {
    var rest = text.drop { $0 == " " || $0 == "\t" }
    while rest.last == " " || rest.last == "\t" { rest.removeLast() }
    return String(rest)
}

extension RawStream {
    /// Reads a message head up to and with its empty line.
    ///
    /// - Throws: `StreamError`, also `unexpected` for a head of more than 64 KiB.
    public func readHead(within limit: Duration = RawStream.patience) throws(StreamError) -> MessageHead {
        let deadline = ContinuousClock.now + limit
        let end: [UInt8] = [13, 10, 13, 10]
        var scanned = 0
        while true {
            let bytes = Array(buffered)
            let places = scanned..<max(scanned, bytes.count - 3)
            if let found = places.first(where: { bytes[$0..<$0 + 4].elementsEqual(end) }) {
                consume(found + 4)
                return MessageHead(bytes[..<(found + 4)])
            }
            guard bytes.count <= 65_536 else { throw .unexpected("a head of more than 64 KiB") }
            scanned = max(0, bytes.count - 3)
            try receive(until: deadline, for: "the end of a message head")
        }
    }
}
