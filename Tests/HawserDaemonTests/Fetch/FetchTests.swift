import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Fetch: progress, percentiles and lines")
struct FetchTests {
    @Test("the line of a download says how far it has come and how fast")
    func progress() {
        #expect(
            DownloadProgress.line(5 << 20, 10 << 20, after: .seconds(2))
                == "[###############               ]  50 %  2.5 MiB/s"
        )
        #expect(DownloadProgress.line(100, 100, after: .seconds(1)).contains("] 100 %  100.0 B/s"))
        #expect(DownloadProgress.line(300, 100, after: .seconds(1)).contains("] 100 %"))
        #expect(DownloadProgress.line(3 << 30, nil, after: .seconds(3)) == "3.0 GiB  1.0 GiB/s")
        #expect(DownloadProgress.line(0, 10, after: .zero).contains("]   0 %  0.0 B/s"))
    }

    @Test("a percentile is the least that so many do not exceed")
    func percentiles() {
        let times = (1...100).map { UInt32($0) }
        #expect(FetchTally.percentile(50, of: times) == 50)
        #expect(FetchTally.percentile(99, of: times) == 99)
        #expect(FetchTally.percentile(99, of: [7]) == 7)
        #expect(FetchTally.percentile(50, of: [1, 2]) == 1)
        #expect(FetchTally.percentile(50, of: []) == 0)
    }

    @Test("lines are trimmed, numbered as they stand, and a line without an end is a failure, not memory")
    func lines() async throws {
        let folder = try TemporaryDirectory()
        let path = try folder.write("one\r\n\n  # no\n two \nthree", to: "lines")
        let lines = try InputLines(path)
        var seen: [String] = []
        while let line = await lines.next() { seen.append("\(line.number):\(line.text)") }
        #expect(seen == ["1:one", "4:two", "5:three"] && lines.failure == nil)
        let endless = try folder.write([UInt8](repeating: 65, count: InputLines.limit + 1), to: "endless")
        let cut = try InputLines(endless)
        #expect(await cut.next() == nil)
        #expect("\(try #require(cut.failure))".contains("line 1 is longer than"))
    }
}
