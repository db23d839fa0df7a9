/// Collects the records of one loop turn for one set of sinks. Confined to its loop.
///
/// A message costs one copy and no allocation: the storage is allocated once a batch, as large as the batch before it
/// needed, and handed over without copying.
public struct RecordBatchBuilder: ~Copyable {
    /// The identity of the next batch; change it only while the builder is empty (a reload seals first).
    public var identity: RunIdentity
    private var storage: [UInt8] = []
    private var recordCount = 0
    private var payloadBytes = 0
    private var capacityHint = minimumCapacity

    private static let minimumCapacity = 4 << 10
    /// A burst must not make every later batch as large as itself.
    private static let maximumHint = 1 << 20

    /// An empty builder.
    public init(identity: RunIdentity) {
        self.identity = identity
    }

    /// Whether there is nothing to seal.
    public var isEmpty: Bool {
        recordCount == 0
    }

    /// The bytes that the batch would stand for in a sink's queue.
    public var byteCount: Int {
        storage.count
    }

    /// Adds one message.
    ///
    /// - Parameters:
    ///   - wallNanoseconds: when it was received, in nanoseconds since 1970-01-01 UTC.
    ///   - subscription: its index in the identity.
    ///   - session: the subscription's session, from 1.
    ///   - sequence: its number within the session, from 1.
    ///   - kind: `text` and `json` promise valid UTF-8, as RFC 6455 section 8.1 asks for and the codec has checked.
    ///   - payload: copied.
    public mutating func append(
        wallNanoseconds: Int64,
        subscription: UInt32,
        session: UInt32,
        sequence: UInt64,
        kind: RecordKind,
        payload: UnsafeRawBufferPointer
    ) {
        if storage.capacity == 0 {
            storage.reserveCapacity(max(capacityHint, RecordHeader.size + payload.count))
        }
        let words = RecordHeader.words(
            wallNanoseconds: wallNanoseconds,
            subscription: subscription,
            session: session,
            sequence: sequence,
            kind: kind,
            length: payload.count
        )
        withUnsafeBytes(of: words) { storage.append(contentsOf: $0) }
        storage.append(contentsOf: payload)
        recordCount += 1
        payloadBytes += payload.count
    }

    /// Adds a mark. Cold: encodes it at once.
    public mutating func appendMark(wallNanoseconds: Int64, subscription: UInt32, _ mark: Mark) {
        MarkEncoder.encodedMembers(of: mark).withUnsafeBytes { members in
            append(
                wallNanoseconds: wallNanoseconds,
                subscription: subscription,
                session: 0,
                sequence: 0,
                kind: .mark,
                payload: members
            )
        }
    }

    /// Adds what became of a request. Cold: its members are encoded already.
    ///
    /// - Parameters:
    ///   - request: its index in the identity.
    ///   - number: its number within the run, from 1.
    public mutating func appendAnswer(wallNanoseconds: Int64, request: UInt32, number: UInt64, members: [UInt8]) {
        members.withUnsafeBytes { members in
            append(
                wallNanoseconds: wallNanoseconds,
                subscription: request,
                session: 0,
                sequence: number,
                kind: .answer,
                payload: members
            )
        }
    }

    /// The batch of all that was added since the last call, or nil if that is nothing. The builder is empty afterwards.
    public mutating func seal() -> RecordBatch? {
        guard recordCount > 0 else { return nil }
        let batch = RecordBatch(
            identity: identity,
            recordCount: recordCount,
            payloadBytes: payloadBytes,
            storage: storage
        )
        capacityHint = min(Self.maximumHint, max(Self.minimumCapacity, storage.count + storage.count / 4))
        storage = []
        recordCount = 0
        payloadBytes = 0
        return batch
    }
}
