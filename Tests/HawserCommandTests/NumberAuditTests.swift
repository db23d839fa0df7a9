import Testing

/// The auditor itself: what it is there to find, it finds.
@Suite struct NumberAuditTests {
    private static func record(
        _ number: Int,
        run: String = "aaaa",
        session: Int = 1,
        sequence: Int,
        tail: String = "}}"
    ) -> String {
        #"{"time":"2026-11-20T21:00:00.123456789Z","run":"\#(run)","sub":"s","session":\#(session),"seq":\#(sequence),"#
            + #""json":{"n":\#(number)\#(tail)"#
    }

    private static func mark(_ members: String, run: String = "aaaa") -> String {
        #"{"time":"2026-11-20T21:00:00.123456789Z","run":"\#(run)","sub":"s",\#(members)}"#
    }

    private func problems(_ lines: [String]) -> [String] {
        var audit = NumberAudit()
        audit.take(lines)
        return audit.problems
    }

    @Test("a good stream has no problems, and its marks and holes are counted")
    func good() {
        var audit = NumberAudit()
        audit.take([
            Self.mark(#""session":1,"mark":"opened""#), Self.record(1, sequence: 1), Self.record(2, sequence: 2),
            Self.mark(#""session":1,"mark":"closed","outcome":"reset","messages":2"#),
            Self.mark(
                #""mark":"gap","cause":"network","after":{"session":1,"seq":2},"before":{"session":2,"seq":1}"#
            ),
            Self.record(5, session: 2, sequence: 1, tail: #","pad":"xx"}}"#),
            Self.mark(#""mark":"gap","cause":"restart""#, run: "bbbb"), Self.record(9, run: "bbbb", sequence: 1),
        ])
        #expect(audit.problems == [])
        #expect(audit.messages == 4)
        #expect(audit.missing == 5)
        #expect(audit.marks == ["opened": 1, "closed": 1, "gap network": 1, "gap restart": 1])
        #expect(audit.runs == ["aaaa", "bbbb"])
    }

    @Test("a hole without a gap, a doubled or disordered number, a torn line, a run without its gap: each is found")
    func bad() {
        let one = Self.record(1, sequence: 1)
        #expect(problems([Self.record(2, sequence: 1)]).count == 1)
        #expect(problems([one, Self.record(3, sequence: 2)]).count == 1)
        #expect(problems([one, Self.record(1, sequence: 2)]).count == 1)
        #expect(problems([one, Self.record(2, sequence: 3)]).count == 1)
        #expect(problems([one, Self.record(2, session: 2, sequence: 2)]).count == 1)
        #expect(problems([one, String(one.dropLast(5))]).count == 1)
        #expect(problems([one, String(one.dropLast(5)) + one]).count == 1)
        #expect(problems([one, Self.record(2, run: "bbbb", sequence: 1)]).count == 1)
        #expect(problems([one, Self.mark(#""session":1,"mark":"closed","outcome":"reset","messages":2"#)]).count == 1)
        #expect(problems([one, Self.mark(#""mark":"gap","cause":"peer","after":{"session":1,"seq":7}"#)]).count == 1)
    }
}
