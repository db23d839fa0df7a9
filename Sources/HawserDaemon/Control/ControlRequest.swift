/// One line of a client, understood.
struct ControlRequest: Sendable {
    /// The protocol's version: every answer bears it, and a request may.
    static let version = 1
    /// The longest text by which a client says who it acts for.
    private static let longestName = 64
    /// The longest identifier that is sent back.
    private static let longestIdentifier = 64

    /// The client's own identifier of the request, sent back as it came: a number or a text, as JSON.
    var identifier: [UInt8] = Array("null".utf8)
    /// What is asked for.
    var name = ""
    /// The names or patterns of subscriptions.
    var subscriptions: [NamePattern]?
    /// A log level.
    var level: String?
    /// Who the client says that it acts for.
    var by: String?

    /// Whether it is the one request that may take longer than a moment.
    var isReload: Bool { name == ControlOptions.Request.reload.name }

    /// What `line` asks for.
    ///
    /// - Parameter line: without its newline.
    /// - Returns: also of a request that is wrong, as far as it was understood, the identifier.
    static func parse(_ line: [UInt8], limits: ControlLimits) -> (ControlRequest, ControlError?) {
        var request = ControlRequest()
        guard String(validating: line, as: UTF8.self) != nil else {
            return (request, ControlError(.malformed, "the line is not UTF-8"))
        }
        let problem = line.withUnsafeBytes { bytes -> ControlError? in
            guard var members = JSONObjectReader(bytes) else {
                return ControlError(.malformed, "the line is no JSON object: {\"request\":\"status\"} would be one")
            }
            var problem: ControlError?
            while let (key, value) = members.next() {
                // The first fault is said; the identifier, wherever it stands, still goes back.
                let fault = request.take(key.string ?? "", value, limits)
                problem = problem ?? fault
            }
            return problem
        }
        if let problem { return (request, problem) }
        guard !request.name.isEmpty else {
            return (request, ControlError(.malformed, "the member \"request\" is missing: what is wanted?"))
        }
        return (request, nil)
    }

    /// Members of other names mean nothing here, and may mean something in a later version.
    private mutating func take(_ key: String, _ value: JSONPiece, _ limits: ControlLimits) -> ControlError? {
        switch key {
        case "id":
            guard value.integer != nil || value.inside != nil, value.bytes.count <= Self.longestIdentifier else {
                return Self.wrong(key, "a whole number, or a text of at most \(Self.longestIdentifier - 2) bytes")
            }
            identifier = Array(value.bytes)
        case "version":
            guard value.integer == Int64(Self.version) else {
                return ControlError(.unsupportedVersion, "only version \(Self.version) is spoken here")
            }
        case "request":
            guard let text = value.string, !text.isEmpty else { return Self.wrong(key, "a text") }
            name = text
        case "subscriptions":
            let names = value.elements.map(\.string)
            guard value.bytes.first == UInt8(ascii: "["), names.allSatisfy({ $0 != nil }) else {
                return Self.wrong(key, "a list of names or patterns")
            }
            guard names.count <= limits.names else { return Self.wrong(key, "at most \(limits.names) names") }
            subscriptions = names.map { NamePattern($0 ?? "") }
        case "level":
            guard let text = value.string else { return Self.wrong(key, "a text") }
            level = text
        case "by":
            guard let text = value.string else { return Self.wrong(key, "a text") }
            by = text.isEmpty ? nil : String(text.prefix(Self.longestName)).printable
        default:
            break
        }
        return nil
    }

    private static func wrong(_ key: String, _ allowed: String) -> ControlError {
        ControlError(.malformed, "the member \"\(key)\" is wrong; allowed: \(allowed)")
    }
}
