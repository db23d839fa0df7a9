import Foundation

/// One line of a sink, parsed by somebody else's JSON parser.
struct TestRecord: Sendable {
    var subscription: String
    var session: Int?
    var sequence: Int?
    var mark: String?
    var outcome: String?
    var cause: String?
    var text: String?
    /// The message's number, for `{"n":N}`.
    var number: Int?
    var after: (session: Int, sequence: Int)?
    var before: (session: Int, sequence: Int)?
    var run: String

    init(line: String) throws {
        guard let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            throw CocoaError(.coderReadCorrupt)
        }
        func position(_ key: String) -> (session: Int, sequence: Int)? {
            guard let value = object[key] as? [String: Int], let session = value["session"], let sequence = value["seq"]
            else { return nil }
            return (session, sequence)
        }
        subscription = object["sub"] as? String ?? ""
        session = object["session"] as? Int
        sequence = object["seq"] as? Int
        mark = object["mark"] as? String
        outcome = object["outcome"] as? String
        cause = object["cause"] as? String
        text = object["text"] as? String
        run = object["run"] as? String ?? ""
        number = (object["json"] as? [String: Int])?["n"]
        after = position("after")
        before = position("before")
    }
}
