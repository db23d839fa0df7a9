import ConnectionLifecycle
import Locking
import Logging
import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon
@testable import HawserWebSocket

/// The log of many subscriptions that are down for an hour, in virtual time, and what the summary makes of it.
@Suite("An outage of all subscriptions")
struct OutageTests {
    /// Lines, at the time that the test says.
    private final class VirtualLog: Sendable {
        private struct State {
            var now = Instant.origin
            var lines: [(time: Int64, bytes: [UInt8])] = []
        }

        private let state = OrderedMutex(State())

        var now: Instant {
            get { state.withLock { $0.now } }
            set { state.withLock { $0.now = newValue } }
        }

        func append(_ line: LogLine) {
            let bytes = JSONLogFormatter().format(line)
            state.withLock { $0.lines.append((line.wallNanoseconds, bytes)) }
        }

        var sorted: [[UInt8]] {
            let lines = state.withLock { $0.lines }
            return lines.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
                .map(\.element.bytes)
        }
    }

    /// Writes what the daemon says into a `VirtualLog`.
    private struct Handler: LogHandler {
        let log: VirtualLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            var fields = metadata.merging(event.metadata ?? [:]) { $1 }
            let name = fields.removeValue(forKey: EventLogger.eventKey)
            log.append(
                LogLine(
                    wallNanoseconds: LogFixture.origin + log.now.nanoseconds,
                    level: event.level,
                    event: name.map { "\($0)" } ?? "",
                    message: event.message.description,
                    fields: fields.sorted { LogLine.order($0.key) < LogLine.order($1.key) }
                )
            )
        }
    }

    /// What happened to one subscription, by whoever made it happen.
    private struct Truth {
        var failed = 0
        var outage = Duration.zero
    }

    private static let outage = Instant(nanoseconds: 60_000_000_000)...Instant(nanoseconds: 3_660_000_000_000)

    private static func plans(_ count: Int) throws -> [SubscriptionPlan] {
        let names = (0..<count).map { "  s\($0): {url: \"ws://127.0.0.1:1/\"}\n" }.joined()
        let loader = ConfigurationLoader(environment: [:])
        let loaded = try loader.load(text: "subscriptions:\n" + names, file: "test.yaml")
        return try DaemonPlan(loaded.configuration, secrets: loader.secrets).subscriptions
    }

    /// Lives through the hour with the machine and the journal of the daemon itself.
    private static func live(
        _ plan: SubscriptionPlan,
        _ log: VirtualLog,
        until end: Instant,
        using generator: inout SeededGenerator
    ) -> Truth {
        var machine = SubscriptionMachine(backoff: plan.settings.reconnect)
        let handler = Handler(log: log)
        var journal = SubscriptionJournal(plan: plan, logger: EventLogger(Logger(label: "test") { _ in handler }))
        var truth = Truth()
        var statistics = SubscriptionStatistics(name: plan.name)
        func opened(_ number: Int) {
            let opening = Opening(subprotocol: nil, compression: nil, address: "x", tls: nil, timings: DialTimings())
            journal.opened(number, opening)
            _ = machine.handle(.sessionOpened(session: number), now: log.now, using: &generator)
            statistics.sessions += 1
        }
        func ended(_ number: Int, _ end: SessionEnd) {
            journal.ended(number, SessionReport(end: end, detail: "gone"), nil)
            journal.follow(
                machine.handle(.sessionEnded(session: number, end), now: log.now, using: &generator),
                now: log.now
            )
        }
        log.now = .origin
        _ = machine.handle(.started, now: log.now, using: &generator)
        _ = machine.handle(.permitGranted, now: log.now, using: &generator)
        _ = machine.handle(.dialReleased, now: log.now, using: &generator)
        opened(1)
        log.now = outage.lowerBound
        ended(1, SessionEnd(outcome: .reset, stage: .open, uptime: .seconds(60)))
        while let due = machine.nextDeadline, due < end {
            log.now = due
            _ = machine.handle(.deadlineReached, now: due, using: &generator)
            _ = machine.handle(.permitGranted, now: due, using: &generator)
            _ = machine.handle(.dialReleased, now: due, using: &generator)
            if outage.contains(due) {
                log.now = due + .milliseconds(3)
                truth.failed += 1
                ended(machine.sessions, SessionEnd(outcome: .dialFailed, stage: .connecting, fault: .network))
            } else {
                truth.outage = due - outage.lowerBound
                opened(machine.sessions)
            }
        }
        log.now = end
        let isOpen = machine.holdsPermit
        _ = machine.handle(.stopRequested(.shutdown), now: end, using: &generator)
        if isOpen { ended(machine.sessions, SessionEnd(outcome: .shutdown, stage: .open, uptime: .seconds(300))) }
        journal.stopped(statistics)
        return truth
    }

    /// What the summary makes of the log of `count` subscriptions until `end`, and the truth.
    private static func report(
        _ count: Int,
        until end: Instant
    ) throws -> (report: LogReport, truths: [String: Truth], logged: Int) {
        var generator = SeededGenerator("an hour's outage")
        let log = VirtualLog()
        var truths: [String: Truth] = [:]
        for plan in try plans(count) { truths[plan.name] = live(plan, log, until: end, using: &generator) }
        var summary = LogSummary(LogQuery())
        var decoder = LogEntryDecoder()
        var logged = 0
        for line in log.sorted {
            guard case .entry(let entry) = line.withUnsafeBytes({ decoder.decode($0) }) else {
                Issue.record("not an entry: \(String(decoding: line, as: UTF8.self))")
                continue
            }
            if entry.event == EventName.dialFailed.rawValue { logged += 1 }
            summary.note(entry)
        }
        return (summary.report(now: LogFixture.origin + end.nanoseconds), truths, logged)
    }

    @Test("of 300 subscriptions for an hour: every failed dial is counted, also those that the log left out")
    func hour() throws {
        let (report, truths, logged) = try Self.report(300, until: Instant(nanoseconds: 4_000_000_000_000))
        let failed = truths.values.reduce(0) { $0 + $1.failed }
        #expect(failed > 300 * 100 && logged < failed / 2)
        #expect(report.all.failedDials == [.dialFailed: logged] && report.all.failedDialCount == failed)
        #expect(report.totals.suppressed == [EventName.dialFailed.rawValue: failed - logged])
        #expect(report.all.sessions == 600 && report.all.reconnects == 300 && report.all.outages.count == 300)
        for row in report.rows {
            #expect(row.failedDialCount == truths[row.name]?.failed, "\(row.name)")
            #expect(row.outages.worst == truths[row.name]?.outage.milliseconds, "\(row.name)")
        }
    }

    @Test("a daemon that is stopped in the middle of it says in the end what was left out")
    func stopped() throws {
        let (report, truths, logged) = try Self.report(50, until: Instant(nanoseconds: 2_000_000_000_000))
        let failed = truths.values.reduce(0) { $0 + $1.failed }
        #expect(report.totals.suppressed == [EventName.dialFailed.rawValue: failed - logged] && failed > logged)
        for row in report.rows {
            #expect(row.failedDialCount == truths[row.name]?.failed, "\(row.name)")
            #expect(row.sessions == 1 && row.reconnects == 0 && row.outages.worst == 1_940_000 && row.phase == .off)
        }
    }
}
