/// What a record's payload is, and so how it is written.
public enum RecordKind: UInt8, Sendable, Hashable, CaseIterable {
    /// A text message: valid UTF-8 (RFC 6455 section 8.1), written as `"text"`.
    case text = 1
    /// A binary message, written as `"base64"`.
    case binary = 2
    /// A text message of a subscription with `decode: json`: written as `"json"` if it is valid JSON, else as `"text"`.
    case json = 3
    /// A mark; the payload is its encoded members.
    case mark = 4
    /// What became of a request: the payload is its encoded members, its number apart.
    case answer = 5
}

/// One record of a batch: a view that is valid only inside the closure it is handed to.
public struct Record {
    /// When the message was received: nanoseconds since 1970-01-01 UTC.
    public let wallNanoseconds: Int64
    /// The index of the subscription, or of the request, in the batch's identity.
    public let subscription: UInt32
    /// The subscription's session, from 1; zero for a mark or an answer.
    public let session: UInt32
    /// The message's number within the session, or the answer's within the run, from 1; zero for a mark.
    public let sequence: UInt64
    /// What the payload is.
    public let kind: RecordKind
    /// The message's payload, or the encoded members of a mark or an answer.
    public let payload: UnsafeRawBufferPointer
}

/// The fixed part in front of each payload in a batch's storage.
///
/// | Offset | Bytes | What |
/// |---|---|---|
/// | 0 | 8 | wall time |
/// | 8 | 8 | sequence |
/// | 16 | 8 | payload length, shifted left by 8, and the kind in the low byte |
/// | 24 | 4 | subscription |
/// | 28 | 4 | session |
///
/// In memory only, in the machine's byte order.
enum RecordHeader {
    static let size = 32

    /// A header's bytes as they are stored, to be appended in one go.
    typealias Words = (Int64, UInt64, UInt64, UInt64)

    static func words(
        wallNanoseconds: Int64,
        subscription: UInt32,
        session: UInt32,
        sequence: UInt64,
        kind: RecordKind,
        length: Int
    ) -> Words {
        let lengthAndKind = UInt64(truncatingIfNeeded: length) &<< 8 | UInt64(kind.rawValue)
        let place = UInt64(subscription) | UInt64(session) &<< 32
        return (wallNanoseconds, sequence, lengthAndKind, place)
    }

    /// The record that starts at `offset`, or nil behind the last one.
    static func record(in storage: UnsafeRawBufferPointer, at offset: Int) -> Record? {
        guard offset >= 0, storage.count - offset >= size else { return nil }
        let lengthAndKind = storage.loadUnaligned(fromByteOffset: offset + 16, as: UInt64.self)
        let place = storage.loadUnaligned(fromByteOffset: offset + 24, as: UInt64.self)
        let length = Int(lengthAndKind >> 8)
        guard
            let kind = RecordKind(rawValue: UInt8(truncatingIfNeeded: lengthAndKind)),
            length <= storage.count - offset - size
        else { return nil }
        let start = offset + size
        return Record(
            wallNanoseconds: storage.loadUnaligned(fromByteOffset: offset, as: Int64.self),
            subscription: UInt32(truncatingIfNeeded: place),
            session: UInt32(truncatingIfNeeded: place >> 32),
            sequence: storage.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self),
            kind: kind,
            payload: UnsafeRawBufferPointer(rebasing: storage[start..<start + length])
        )
    }
}
