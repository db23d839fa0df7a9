import TestSupport
import Testing

@testable import HawserDaemon

/// What concerns all subscriptions of a run at once.
@Suite("Subscription set")
struct SubscriptionSetTests {
    private static let limits = "limits: {connections: 200, dials: \(FreeDials.yaml(200))}\n"
    private static let sink = "sinks: {out: {file: {path: DIR/out.jsonl}}}\n"

    @Test("Two waves of feeds that get no answer do not hold up one behind them")
    func silence() async throws {
        let silent = try FaultServer(.silentAfterAccept)
        let good = try FaultServer(.echo)
        let feeds = (1...130).map { "  silent-\($0): {url: \"\(silent.url())\"}\n" }.joined()
        let runner = try DaemonRunner(
            Self.limits + Self.sink + "subscriptions:\n" + feeds
                + "  good: {url: \"\(good.url())\"}\n"
        )
        let ending = try await runner.run { runner in
            // Each of the silent ones has 10 s until its dial fails.
            try await eventually("the last one is open", within: .seconds(5)) {
                runner.lines(.subscriptionOpened).count == 1
            }
        }
        #expect(ending.status == .done)
        #expect(ending.statistics.last?.sessions == 1)
        silent.stop()
        good.stop()
    }

    @Test("A stop in the middle of the start ends it, and nobody dials after that")
    func stoppedStart() async throws {
        let silent = try FaultServer(.silentAfterAccept)
        let feeds = (1...200).map { "  silent-\($0): {url: \"\(silent.url())\"}\n" }.joined()
        let runner = try DaemonRunner(Self.limits + Self.sink + "subscriptions:\n" + feeds)
        let ending = try await runner.run { _ in
            try await eventually("the first wave dials") { silent.counts.total >= 1 }
        }
        #expect(ending.status == .done)
        #expect(ending.statistics.count == 200)
        #expect(ending.statistics.allSatisfy { $0.phase == .stopped })
        #expect(silent.counts.total < 200)
        silent.stop()
    }

    @Test("Dealt out to several loops, they are told of in the order of the file")
    func order() async throws {
        let server = try FaultServer(.echo)
        let names = (1...8).map { "feed-\($0)" }
        let feeds = names.map { "  \($0): {url: \"\(server.url())\"}\n" }.joined()
        let runner = try DaemonRunner("loops: 3\n" + Self.sink + "subscriptions:\n" + feeds)
        let ending = try await runner.run { runner in
            try await eventually("all are open") { runner.lines(.subscriptionOpened).count == names.count }
        }
        #expect(ending.statistics.map(\.name) == names)
        #expect(ending.statistics.allSatisfy { $0.sessions == 1 && $0.phase == .stopped })
        server.stop()
    }
}
