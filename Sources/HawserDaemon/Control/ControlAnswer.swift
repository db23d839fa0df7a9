/// Encodes answers: one JSON object a line.
enum ControlAnswer {
    /// The answer to the request with `identifier`.
    ///
    /// - Parameter result: the members of the object `result`.
    static func line(_ identifier: [UInt8], result: [UInt8]) -> [UInt8] {
        var members = head(identifier, capacity: result.count + 128)
        members.json("result", [UInt8(ascii: "{")] + result + [UInt8(ascii: "}")])
        return members.line()
    }

    /// The answer to one that was not done.
    static func line(_ identifier: [UInt8], error: ControlError) -> [UInt8] {
        var members = head(identifier, capacity: 256)
        members.object("error") { members in
            members.text("code", error.code.rawValue)
            members.text("text", error.text)
        }
        return members.line()
    }

    /// An error that is no answer to a request that could be read.
    static func line(error: ControlError) -> [UInt8] {
        line(ControlRequest().identifier, error: error)
    }

    private static func head(_ identifier: [UInt8], capacity: Int) -> JSONMembers {
        var members = JSONMembers(capacity: capacity)
        members.json("id", identifier)
        members.number("version", ControlRequest.version)
        return members
    }
}
