/// The records of one loop turn for one set of sinks: contiguous, immutable, shared by the sinks.
public final class RecordBatch: Sendable {
    /// The run and the names that the records' subscriptions index.
    public let identity: RunIdentity
    /// How many records it holds, marks included.
    public let recordCount: Int
    /// The payload bytes of all records.
    public let payloadBytes: Int
    private let storage: [UInt8]

    init(identity: RunIdentity, recordCount: Int, payloadBytes: Int, storage: [UInt8]) {
        self.identity = identity
        self.recordCount = recordCount
        self.payloadBytes = payloadBytes
        self.storage = storage
    }

    /// The bytes it stands for in a sink's queue: payloads and 32 bytes a record.
    public var byteCount: Int {
        storage.count
    }

    /// Calls `body` with each record in order. The payload must not leave the closure.
    public func forEach(_ body: (Record) -> Void) {
        var offset = 0
        storage.withUnsafeBytes { bytes in
            while let record = RecordHeader.record(in: bytes, at: offset) {
                body(record)
                offset += RecordHeader.size + record.payload.count
            }
        }
    }

    /// Calls `body` with the records from `offset` on until it answers false or there are no more, and leaves `offset`
    /// behind the last one it saw: how a sink encodes a long batch in slices.
    func records(from offset: inout Int, while body: (Record) -> Bool) {
        storage.withUnsafeBytes { bytes in
            while let record = RecordHeader.record(in: bytes, at: offset) {
                offset += RecordHeader.size + record.payload.count
                guard body(record) else { return }
            }
        }
    }
}
