import ConnectionLifecycle
import Testing

@testable import HawserDaemon

@Suite("Record encoder")
struct RecordEncoderTests {
    /// 2026-11-20T21:00:00.123456789Z
    private static let time: Int64 = 1_795_208_400_123_456_789
    private let identity = RunIdentity(run: "k3f9", subscriptionNames: ["quotes", "trades"])

    private func line(
        _ payload: [UInt8],
        _ kind: RecordKind,
        subscription: UInt32 = 1,
        session: UInt32 = 3,
        sequence: UInt64
    ) throws -> String {
        var builder = RecordBatchBuilder(identity: identity)
        payload.withUnsafeBytes {
            builder.append(
                wallNanoseconds: Self.time,
                subscription: subscription,
                session: session,
                sequence: sequence,
                kind: kind,
                payload: $0
            )
        }
        let batch = builder.seal()
        return try #require(batch.map(encodedLines)?.first)
    }

    private func line(_ mark: Mark) throws -> String {
        var builder = RecordBatchBuilder(identity: identity)
        builder.appendMark(wallNanoseconds: Self.time, subscription: 1, mark)
        let batch = builder.seal()
        return try #require(batch.map(encodedLines)?.first)
    }

    @Test("messages are written exactly as the format says")
    func messages() throws {
        let head = #"{"time":"2026-11-20T21:00:00.123456789Z","run":"k3f9","sub":"trades","session":3,"#
        #expect(try line(Array("a \"b\"".utf8), .text, sequence: 17) == head + #""seq":17,"text":"a \"b\""}"#)
        #expect(
            try line(Array(#"{"price":1}"#.utf8), .json, sequence: 18) == head + #""seq":18,"json":{"price":1}}"#
        )
        #expect(try line([0, 1, 2], .binary, sequence: 19) == head + #""seq":19,"base64":"AAEC"}"#)
        #expect(try line([], .text, sequence: .max) == head + #""seq":18446744073709551615,"text":""}"#)
        #expect(try line([], .binary, sequence: 1) == head + #""seq":1,"base64":""}"#)
    }

    @Test("a payload that is not JSON falls back to text; line breaks between tokens are left out")
    func json() throws {
        #expect(try line(Array("{oops}".utf8), .json, sequence: 1).hasSuffix(#""text":"{oops}"}"#))
        #expect(try line([], .json, sequence: 1).hasSuffix(#""text":""}"#))
        #expect(
            try line(Array("{ \"a\" :\n [1,\r\n\t2] , \"b c\":\"x\\n y\" }".utf8), .json, sequence: 1)
                .hasSuffix(#""json":{"a":[1,2],"b c":"x\n y"}}"#)
        )
    }

    @Test("marks are written exactly as the format says")
    func marks() throws {
        let head = #"{"time":"2026-11-20T21:00:00.123456789Z","run":"k3f9","sub":"trades","#
        #expect(try line(.opened(session: 4)) == head + #""session":4,"mark":"opened"}"#)
        #expect(
            try line(.closed(Mark.Closed(session: 3, outcome: .peerClosed, closeCode: 1012, messages: 19)))
                == head + #""session":3,"mark":"closed","outcome":"peer_closed","close_code":1012,"messages":19}"#
        )
        #expect(
            try line(.closed(Mark.Closed(session: 3, outcome: .pingTimeout, closeReason: "\"\n", messages: 0)))
                == head
                + #""session":3,"mark":"closed","outcome":"ping_timeout","close_reason":"\"\n","messages":0}"#
        )
        #expect(try line(.gap(Mark.Gap(cause: .restart))) == head + #""mark":"gap","cause":"restart"}"#)
        let gap = Mark.Gap(
            cause: .peer,
            from: Self.time,
            to: Self.time + 1,
            after: RecordPosition(session: 3, sequence: 19),
            before: RecordPosition(session: 4, sequence: 1),
            dropped: 0
        )
        #expect(
            try line(.gap(gap)) == head
                + #""mark":"gap","from":"2026-11-20T21:00:00.123456789Z","to":"2026-11-20T21:00:00.123456790Z","#
                + #""cause":"peer","after":{"session":3,"seq":19},"before":{"session":4,"seq":1},"dropped":0}"#
        )
    }

    @Test("names are escaped, and an index without a name does not trap")
    func names() throws {
        let odd = RunIdentity(run: "a\"", subscriptionNames: ["x\\\u{1}"])
        var builder = RecordBatchBuilder(identity: odd)
        builder.append("t")
        let batch = builder.seal()
        #expect(
            batch.map(encodedLines) == [
                #"{"time":"1970-01-01T00:00:00.000000000Z","run":"a\"","sub":"x\\\u0001","session":1,"seq":1,"text":"t"}"#
            ]
        )
        #expect(try line([], .text, subscription: 9, sequence: 1).contains(##""sub":"#9""##))
    }
}
