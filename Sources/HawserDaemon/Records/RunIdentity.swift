/// Who wrote a record: this process's run and the subscription, or the request. Shared by all batches until a reload
/// changes the names.
///
/// Holds the encoded form of each source's members, so that a record's costs one copy.
public final class RunIdentity: Sendable {
    /// Names this start of the process: short, and different for each start.
    public let run: String
    /// `"run":"k3f9","sub":"trades",` for each subscription, `"run":"k3f9","req":"book",` for each request.
    private let members: [[UInt8]]

    /// An identity for `run` and subscriptions in the order of their indices. Any string is a valid name.
    public convenience init(run: String, subscriptionNames: [String]) {
        self.init(run: run, sources: subscriptionNames.map { .subscription($0) })
    }

    /// An identity for `run` and the sources in the order of their indices; nil for an index that nobody has.
    init(run: String, sources: [RecordSource?]) {
        self.run = run
        members = sources.enumerated().map { index, source in
            Self.encodedMembers(run: run, source ?? Self.unknown(UInt32(clamping: index)))
        }
    }

    /// The encoded members of `subscription`. An index without a name is written as `#index`, never a trap.
    func withMembers<Result>(of subscription: UInt32, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard members.indices.contains(Int(subscription)) else {
            return Self.encodedMembers(run: run, Self.unknown(subscription)).withUnsafeBytes(body)
        }
        return members[Int(subscription)].withUnsafeBytes(body)
    }

    private static func unknown(_ index: UInt32) -> RecordSource {
        .subscription("#\(index)")
    }

    private static func encodedMembers(run: String, _ source: RecordSource) -> [UInt8] {
        var buffer = LineBuffer(capacity: 64)
        buffer.append(#""run":""#)
        JSONString.append(run, to: &buffer)
        buffer.append(#"",""#)
        buffer.append(source.key)
        buffer.append(#"":""#)
        JSONString.append(source.name, to: &buffer)
        buffer.append(#"","#)
        return buffer.withBytes { Array($0) }
    }
}
