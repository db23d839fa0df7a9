import Foundation

@testable import HawserDaemon

/// The lines of `batch`, without their line feeds.
func encodedLines(_ batch: RecordBatch) -> [String] {
    var encoder = RecordEncoder()
    var buffer = LineBuffer(capacity: 64)
    batch.forEach { encoder.append($0, of: batch.identity, to: &buffer) }
    let text = buffer.withBytes { String(decoding: $0, as: UTF8.self) }
    return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
}

/// What `append` adds to a buffer.
func encoded(_ append: (inout LineBuffer) -> Void) -> [UInt8] {
    var buffer = LineBuffer(capacity: 64)
    append(&buffer)
    return buffer.withBytes { Array($0) }
}

/// The members of a JSON object, as Foundation reads them.
func members(of line: some StringProtocol) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(line.utf8))
    guard let members = value as? [String: Any] else { throw CocoaError(.coderReadCorrupt) }
    return members
}

extension RecordBatchBuilder {
    /// Appends a message of subscription 0, session 1.
    mutating func append(_ text: String, sequence: UInt64 = 1, kind: RecordKind = .text, wallNanoseconds: Int64 = 0) {
        Array(text.utf8).withUnsafeBytes { payload in
            append(
                wallNanoseconds: wallNanoseconds,
                subscription: 0,
                session: 1,
                sequence: sequence,
                kind: kind,
                payload: payload
            )
        }
    }
}
