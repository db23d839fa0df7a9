/// Who wrote a record: this process's run and the subscription, or the request. Shared by all batches until a reload changes the names.
///
/// Holds the encoded form of each subscription's members, so that a record's costs one copy.
public final class RunIdentity: Sendable {
    /// Names this start of the process: short, and different for each start.
    public let run: String
    /// The subscriptions' names; a record's `subscription` is an index into them.
    public let subscriptionNames: [String]
    /// The requests' names; their indices follow those of the subscriptions.
    public let requestNames: [String]
    /// `"run":"k3f9","sub":"trades",` for each subscription, `"run":"k3f9","req":"book",` for each request.
    private let members: [[UInt8]]

    /// An identity for `run` and the subscriptions and requests in the order of their indices. Any string is a valid
    /// name.
    public init(run: String, subscriptionNames: [String], requestNames: [String] = []) {
        self.run = run
        self.subscriptionNames = subscriptionNames
        self.requestNames = requestNames
        members =
            subscriptionNames.map { Self.encodedMembers(run: run, "sub", $0) }
            + requestNames.map { Self.encodedMembers(run: run, "req", $0) }
    }

    /// The encoded members of `subscription`. An index without a name is written as `#index`, never a trap.
    func withMembers<Result>(of subscription: UInt32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard members.indices.contains(Int(subscription)) else {
            return Self.encodedMembers(run: run, "sub", "#\(subscription)").withUnsafeBytes(body)
        }
        return members[Int(subscription)].withUnsafeBytes(body)
    }

    private static func encodedMembers(run: String, _ key: StaticString, _ name: String) -> [UInt8] {
        var buffer = LineBuffer(capacity: 64)
        buffer.append(#""run":""#)
        JSONString.append(run, to: &buffer)
        buffer.append(#"",""#)
        buffer.append(key)
        buffer.append(#"":""#)
        JSONString.append(name, to: &buffer)
        buffer.append(#"","#)
        return buffer.withBytes { Array($0) }
    }
}
