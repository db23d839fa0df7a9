import Glibc
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Timestamp")
struct TimestampTests {
    private func text(_ wallNanoseconds: Int64) -> String {
        String(
            decoding: encoded { buffer in
                var timestamp = Timestamp()
                timestamp.append(wallNanoseconds, to: &buffer)
            },
            as: UTF8.self
        )
    }

    @Test(
        "known times",
        arguments: [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (951_782_400_000_000_001, "2000-02-29T00:00:00.000000001Z"),
            (1_709_251_199_999_999_999, "2024-02-29T23:59:59.999999999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (Int64.max, "2262-04-11T23:47:16.854775807Z"),
            (Int64.min, "1677-09-21T00:12:43.145224192Z"),
        ] as [(Int64, String)]
    )
    func known(wallNanoseconds: Int64, expected: String) {
        #expect(text(wallNanoseconds) == expected)
    }

    @Test("any time agrees with gmtime")
    func random() {
        var generator = SeededGenerator("timestamps")
        var timestamp = Timestamp()
        for _ in 0..<5000 {
            let time = Int64.random(in: .min ... .max, using: &generator)
            var seconds = time_t(time / 1_000_000_000)
            var fraction = time % 1_000_000_000
            if fraction < 0 {
                seconds -= 1
                fraction += 1_000_000_000
            }
            var parts = tm()
            gmtime_r(&seconds, &parts)
            var buffer = [CChar](repeating: 0, count: 32)
            strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S.", &parts)
            let date = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let digits = String(fraction)
            let expected = date + String(repeating: "0", count: 9 - digits.count) + digits + "Z"
            let actual = String(decoding: encoded { timestamp.append(time, to: &$0) }, as: UTF8.self)
            #expect(actual == expected)
        }
    }

    @Test("the basic format is for file names")
    func basic() {
        #expect(Timestamp.basicFormat(1_795_208_400_123_456_789) == "20261120T210000Z")
    }
}
