import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Record batches")
struct RecordBatchTests {
    private let identity = RunIdentity(run: "k3f9", subscriptionNames: ["trades"])

    @Test("what is appended comes back in order, and sealing empties the builder")
    func roundTrip() throws {
        var generator = SeededGenerator("record batches")
        var builder = RecordBatchBuilder(identity: identity)
        for _ in 0..<20 {
            let (nothing, isEmpty) = (builder.seal(), builder.isEmpty)
            #expect(nothing == nil)
            #expect(isEmpty)
            let payloads = (0..<Int.random(in: 1...50, using: &generator)).map { _ in
                [UInt8](
                    repeating: .random(in: 0...255, using: &generator),
                    count: .random(in: 0...5000, using: &generator)
                )
            }
            for (index, payload) in payloads.enumerated() {
                payload.withUnsafeBytes {
                    builder.append(
                        wallNanoseconds: -Int64(index),
                        subscription: .max - UInt32(index),
                        session: UInt32(index),
                        sequence: .max - UInt64(index),
                        kind: RecordKind.allCases[index % 4],
                        payload: $0
                    )
                }
            }
            let sealed = builder.seal()
            let batch = try #require(sealed)
            #expect(batch.recordCount == payloads.count)
            #expect(batch.payloadBytes == payloads.reduce(0) { $0 + $1.count })
            #expect(batch.byteCount == batch.payloadBytes + 32 * payloads.count)
            var index = 0
            batch.forEach { record in
                #expect(record.wallNanoseconds == -Int64(index))
                #expect(record.subscription == .max - UInt32(index))
                #expect(record.session == UInt32(index))
                #expect(record.sequence == .max - UInt64(index))
                #expect(record.kind == RecordKind.allCases[index % 4])
                #expect(record.payload.elementsEqual(payloads[index]))
                index += 1
            }
            #expect(index == payloads.count)
        }
    }

    @Test("slices see each record once")
    func slices() throws {
        var builder = RecordBatchBuilder(identity: identity)
        for sequence in 1...100 { builder.append("text", sequence: UInt64(sequence)) }
        let sealed = builder.seal()
        let batch = try #require(sealed)
        var offset = 0
        var seen: [UInt64] = []
        while offset < batch.byteCount {
            var left = 7
            batch.records(from: &offset) { record in
                seen.append(record.sequence)
                left -= 1
                return left > 0
            }
        }
        #expect(seen == Array(1...100))
    }

    @Test("a batch keeps the identity that it was built with")
    func identities() throws {
        var builder = RecordBatchBuilder(identity: identity)
        builder.append("one")
        let first = builder.seal()
        builder.identity = RunIdentity(run: "k3f9", subscriptionNames: ["other"])
        builder.append("two")
        let second = builder.seal()
        #expect(first.map(encodedLines)?.first?.contains(#""sub":"trades""#) == true)
        #expect(second.map(encodedLines)?.first?.contains(#""sub":"other""#) == true)
    }
}
