import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Many durations in bounded memory")
struct DurationDistributionTests {
    @Test("the median is exact up to the limit, and beyond it wrong by one part in 64 at most")
    func median() {
        var generator = SeededGenerator("durations")
        for count in [1, 2, 3, 10, DurationDistribution.exactLimit, DurationDistribution.exactLimit + 1, 20_000] {
            let exponent = Int.random(in: 1...40, using: &generator)
            let values = (0..<count).map { _ in Int64.random(in: 0...(1 << exponent), using: &generator) }
            var distribution = DurationDistribution()
            for value in values { distribution.add(value) }
            let median = values.sorted()[(count - 1) / 2]
            let found = distribution.median ?? -1
            #expect(distribution.count == count && distribution.worst == values.max())
            if count <= DurationDistribution.exactLimit {
                #expect(found == median)
            } else {
                #expect(abs(found - median) <= median / 64 + 1, "\(found) for \(median)")
            }
        }
        #expect(DurationDistribution().median == nil)
    }

    @Test("two together are as one, however large each is", arguments: [(5, 7), (5, 2_000), (2_000, 5), (900, 900)])
    func merged(first: Int, second: Int) {
        var generator = SeededGenerator("merged durations")
        let values = (0..<(first + second)).map { _ in Int64.random(in: 0...1_000_000, using: &generator) }
        var parts = [DurationDistribution(), DurationDistribution()]
        for (index, value) in values.enumerated() { parts[index < first ? 0 : 1].add(value) }
        parts[0].merge(parts[1])
        let median = values.sorted()[(values.count - 1) / 2]
        #expect(parts[0].count == values.count && parts[0].worst == values.max())
        #expect(abs((parts[0].median ?? -1) - median) <= median / 64 + 1)
    }
}
