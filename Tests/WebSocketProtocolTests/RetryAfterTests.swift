import Testing
import WebSocketProtocol

@Suite("Retry-After")
struct RetryAfterTests {
    /// 1994-11-06T08:49:37Z, the example of RFC 9110.
    private static let example: Int64 = 784_111_777

    @Test(
        "Seconds",
        arguments: [
            ("0", 0), ("120", 120), (" 5 ", 5), ("\t7", 7), ("007", 7), ("31622400", 31_622_400),
            ("31622401", 31_622_400), ("99999999999999999999999999", 31_622_400), ("9223372036854775808", 31_622_400),
        ]
    )
    func seconds(value: String, expected: Int) {
        #expect(RetryAfter.parse(value, date: 0) == .seconds(expected))
    }

    @Test(
        "The three forms of a date",
        arguments: [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ]
    )
    func forms(value: String) {
        #expect(RetryAfter.parse(value, date: Self.example - 90) == .seconds(90))
        #expect(RetryAfter.parse(value, date: Self.example) == .zero)
        #expect(RetryAfter.parse(value, date: Self.example + 1) == .zero)
    }

    @Test(
        "Dates at the edges of the calendar",
        arguments: [
            ("Thu, 01 Jan 1970 00:00:10 GMT", 10), ("Tue, 29 Feb 2000 00:00:00 GMT", 951_782_400),
            ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800), ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199),
            ("Fri, 31 Dec 1999 23:59:60 GMT", 946_684_800), ("Tue, 19 Jan 2038 03:14:08 GMT", 2_147_483_648),
            ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400), ("Sun, 28 Feb 2100 00:00:00 GMT", 4_107_456_000),
        ]
    )
    func calendar(value: String, epoch: Int64) {
        #expect(RetryAfter.parse(value, date: epoch - 3) == .seconds(3))
    }

    @Test("A year of two digits is the nearest that is at most 50 years ahead")
    func century() {
        let year2026: Int64 = 1_767_225_600
        let year2060: Int64 = 2_840_140_800
        // "60" is 2060 in 2026, and far off; "94" is 1994 in 2026.
        #expect(RetryAfter.parse("Thursday, 01-Jan-60 00:00:05 GMT", date: year2060) == .seconds(5))
        #expect(RetryAfter.parse("Thursday, 01-Jan-60 00:00:00 GMT", date: year2026) == .seconds(366 * 86_400))
        #expect(RetryAfter.parse("Sunday, 06-Nov-94 08:49:37 GMT", date: year2026) == .zero)
        #expect(RetryAfter.parse("Thursday, 01-Jan-26 00:00:09 GMT", date: year2026) == .seconds(9))
    }

    @Test(
        "Anything else is refused",
        arguments: [
            "", " ", "-1", "+1", "1.5", "1e3", "5s", "soon", "１", "Sun, 06 Nov 1994 08:49:37",
            "06 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 29 Feb 2100 00:00:00 GMT",
            "Sun, 29 Feb 2023 00:00:00 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
            "Son, 06 Nov 1994 08:49:37 GMT", "Sun 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 94", "Sun, 06 Nov 0000 08:49:37 GMT",
            "Sun, 06 Nov -994 08:49:37 GMT", "2026-01-01T00:00:00Z", "1994-11-06", "a b c d e f", "a b c d e",
            "a b c d",
        ]
    )
    func refused(value: String) {
        #expect(RetryAfter.parse(value, date: Self.example) == nil)
    }

    @Test("Any clock and any bytes give an answer without a trap")
    func fuzz() {
        let seed: UInt64 = 0x9110
        print("RetryAfterTests.fuzz: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let forms = [
            "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "123",
        ]
        for round in 0..<4000 {
            var bytes = Array(forms[round % forms.count].utf8)
            for _ in 0..<generator.pick(0...3) {
                let place = generator.pick(0...bytes.count - 1)
                bytes[place] = generator.oneIn(2) ? UInt8(generator.pick(0x30...0x39)) : UInt8(generator.pick(0...255))
            }
            let date = [Int64.min, -1, 0, Self.example, .max, Int64(bitPattern: generator.next())][round % 6]
            if let wait = RetryAfter.parse(String(decoding: bytes, as: UTF8.self), date: date) {
                #expect(wait >= .zero && wait <= .seconds(366 * 86_400))
            }
        }
    }
}
