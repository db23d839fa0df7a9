import Foundation

/// A JSON value, parsed by somebody else's parser.
enum JSONValue: Decodable, Hashable, Sendable {
    case text(String)
    case integer(Int)
    case truth(Bool)
    case object([String: JSONValue])
    case other

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = .truth(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([String: JSONValue].self) {
            self = .object(value)
        } else {
            self = .other
        }
    }

    var text: String? {
        if case .text(let value) = self { value } else { nil }
    }

    var integer: Int? {
        if case .integer(let value) = self { value } else { nil }
    }

    var object: [String: JSONValue]? {
        if case .object(let value) = self { value } else { nil }
    }
}

/// One line that must be a JSON object: a record of standard output or of a file, or a line of the log.
struct JSONLine: Sendable {
    let line: String
    let members: [String: JSONValue]

    /// - Throws: if it is no JSON object.
    init(_ line: String) throws {
        self.line = line
        members = try JSONDecoder().decode([String: JSONValue].self, from: Data(line.utf8))
    }

    subscript(_ name: String) -> String? { members[name]?.text }
    func integer(_ name: String) -> Int? { members[name]?.integer }

    var event: String { self["event"] ?? "" }
    var mark: String? { self["mark"] }
    var subscription: String? { self["sub"] }
    /// The number of a message `{"n":N}`.
    var number: Int? { members["json"]?.object?["n"]?.integer }

    /// The moment of `time`, in seconds since 1970-01-01 UTC.
    var seconds: Double? {
        guard let time = self["time"], let dot = time.firstIndex(of: "."), time.hasSuffix("Z") else { return nil }
        let whole = ISO8601DateFormatter().date(from: time[..<dot] + "Z")?.timeIntervalSince1970
        return whole.flatMap { whole in Double("0" + time[dot...].dropLast()).map { whole + $0 } }
    }
}
