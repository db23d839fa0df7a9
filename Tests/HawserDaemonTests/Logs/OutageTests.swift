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

    /// One subscription that lives through the hour with the machine and the journal of the daemon itself.
    private struct Feed {
        private(set) var machine: SubscriptionMachine
        private(set) var truth = Truth()
        private var journal: SubscriptionJournal
        private var statistics: SubscriptionStatistics
        private let log: VirtualLog

        init(_ plan: SubscriptionPlan, _ log: VirtualLog, _ logger: EventLogger, _ outage: OutageJournal) {
            machine = SubscriptionMachine(backoff: plan.settings.reconnect)
            journal = SubscriptionJournal(plan: plan, logger: logger, outage: outage)
            statistics = SubscriptionStatistics(name: plan.name)
            self.log = log
        }

        mutating func start(using generator: inout SeededGenerator) {
            dial(.started, using: &generator)
            opened(using: &generator)
        }

        mutating func lose(using generator: inout SeededGenerator) {
            let end = SessionEnd(outcome: .reset, stage: .open, uptime: .seconds(60), delivered: true)
            ended(end, using: &generator)
        }

        mutating func redial(fails: Bool, since: Instant, using generator: inout SeededGenerator) {
            dial(.deadlineReached, using: &generator)
            if fails {
                truth.failed += 1
                ended(SessionEnd(outcome: .dialFailed, stage: .connecting, fault: .network), using: &generator)
            } else {
                truth.outage = log.now - since
                opened(using: &generator)
            }
        }

        mutating func stop(using generator: inout SeededGenerator) {
            let isOpen = machine.holdsPermit
            _ = machine.handle(.stopRequested(.shutdown), now: log.now, using: &generator)
            let end = SessionEnd(outcome: .shutdown, stage: .open, uptime: .seconds(300))
            if isOpen { ended(end, using: &generator) }
            journal.stopped(statistics)
        }

        /// In an outage of many each waits for its turn at the gate.
        private mutating func dial(_ event: SubscriptionEvent, using generator: inout SeededGenerator) {
            _ = machine.handle(event, now: log.now, using: &generator)
            journal.waiting(position: 1, now: log.now)
            _ = machine.handle(.permitGranted, now: log.now, using: &generator)
            journal.waitingToDial(DialWait(reason: .origin, position: 1, delay: .seconds(2)), now: log.now)
            _ = machine.handle(.dialReleased, now: log.now, using: &generator)
        }

        private mutating func opened(using generator: inout SeededGenerator) {
            let opening = Opening(subprotocol: nil, compression: nil, address: "x", tls: nil, timings: DialTimings())
            journal.opened(machine.sessions, opening)
            _ = machine.handle(.sessionOpened(session: machine.sessions), now: log.now, using: &generator)
            statistics.sessions += 1
        }

        private mutating func ended(_ end: SessionEnd, using generator: inout SeededGenerator) {
            let number = machine.sessions
            journal.ended(number, SessionReport(end: end, detail: "gone"), nil)
            let actions = machine.handle(.sessionEnded(session: number, end), now: log.now, using: &generator)
            journal.follow(actions, now: log.now)
        }
    }

    private struct Lived {
        var report: LogReport
        var truths: [String: Truth]
        var entries: [LogEntry]

        /// Lines that tell of one failed dial.
        var logged: Int { entries.count { $0.kind == .dialFailed } }
    }

    /// Lives through `count` subscriptions at once, in the order of time, until `end`.
    ///
    /// - Parameter stops: false for a daemon that is killed, or goes on.
    private static func live(_ count: Int, until end: Instant, stops: Bool = true) throws -> Lived {
        var generator = SeededGenerator("an hour's outage")
        let log = VirtualLog()
        let handler = Handler(log: log)
        let logger = EventLogger(Logger(label: "test") { _ in handler })
        let shared = OutageJournal(logger: logger)
        let plans = try plans(count)
        var feeds = plans.map { Feed($0, log, logger, shared) }
        for index in feeds.indices { feeds[index].start(using: &generator) }
        log.now = outage.lowerBound
        for index in feeds.indices { feeds[index].lose(using: &generator) }

        // The latest first: the next one to dial is the last.
        var queue = feeds.indices.compactMap { index in feeds[index].machine.nextDeadline.map { (due: $0, index) } }
        queue.sort { $0.due > $1.due }
        var sinceSummary = outage.lowerBound
        while let (due, index) = queue.popLast(), due < end {
            while sinceSummary + .seconds(300) <= due {
                sinceSummary = sinceSummary + .seconds(300)
                log.now = sinceSummary
                logger.log(.info, .daemonSummary, "", [.open: 0])
            }
            log.now = due
            let isDown = outage.contains(due)
            feeds[index].redial(fails: isDown, since: outage.lowerBound, using: &generator)
            guard isDown, let next = feeds[index].machine.nextDeadline else { continue }
            let place = queue.partitioningIndex { $0.due <= next }
            queue.insert((next, index), at: place)
        }
        log.now = end
        if stops { for index in feeds.indices { feeds[index].stop(using: &generator) } }
        let entries = decoded(log.sorted)
        var summary = LogSummary(LogQuery())
        for entry in entries { summary.note(entry) }
        let truths = Dictionary(uniqueKeysWithValues: zip(plans.map(\.name), feeds.map(\.truth)))
        let report = summary.report(now: LogFixture.origin + end.nanoseconds)
        return Lived(report: report, truths: truths, entries: entries)
    }

    private static func decoded(_ lines: [[UInt8]]) -> [LogEntry] {
        var decoder = LogEntryDecoder()
        return lines.compactMap { line in
            if case .entry(let entry) = line.withUnsafeBytes({ decoder.decode($0) }) { return entry }
            Issue.record("not an entry: \(String(decoding: line, as: UTF8.self))")
            return nil
        }
    }

    @Test("of 300 subscriptions for an hour: every failed dial is counted, also those that the log left out")
    func hour() throws {
        let lived = try Self.live(300, until: Instant(nanoseconds: 4_000_000_000_000))
        let (report, logged) = (lived.report, lived.logged)
        let failed = lived.truths.values.reduce(0) { $0 + $1.failed }
        #expect(failed > 300 * 100 && logged < failed / 10)
        #expect(report.all.failedDials == [.dialFailed: logged] && report.all.failedDialCount == failed)
        #expect(report.totals.suppressed == [EventName.dialFailed.rawValue: failed - logged])
        #expect(report.totals.untoldDials == 0)
        #expect(report.all.sessions == 600 && report.all.reconnects == 300 && report.all.outages.count == 300)
        for row in report.rows {
            #expect(row.failedDialCount == lived.truths[row.name]?.failed, "\(row.name)")
            #expect(row.outages.worst == lived.truths[row.name]?.outage.milliseconds, "\(row.name)")
        }
    }

    @Test("after its first minute and until it is over it brings at most five lines a minute in all")
    func fewLines() throws {
        let lived = try Self.live(300, until: Instant(nanoseconds: 4_000_000_000_000))
        let times = lived.entries.map { Instant(nanoseconds: $0.wallNanoseconds - LogFixture.origin) }
        let limited = times.filter { $0 >= Self.outage.lowerBound + .seconds(61) && $0 <= Self.outage.upperBound }
        for (index, time) in limited.enumerated() {
            let lines = limited[index...].prefix { $0 < time + .seconds(60) }
            #expect(lines.count <= 5, "\(lines.count) lines in the minute from \(time)")
        }
        // It says each minute that it lasts.
        let reports = lived.entries.filter { $0.kind == .dialsFailing }
        #expect((50...60).contains(reports.count))
        #expect(reports.allSatisfy { ($0.integer(.subscriptions) ?? 0) > 250 && $0.text(.outcome) == "dial_failed" })
    }

    @Test("a log that ends in the middle of it says how many failed, up to the last minute, and that it lasts")
    func unfinished() throws {
        let lived = try Self.live(300, until: Instant(nanoseconds: 2_000_000_000_000), stops: false)
        let failed = lived.truths.values.reduce(0) { $0 + $1.failed }
        let last = try #require(lived.entries.last { $0.kind == .dialsFailing })
        let told = lived.report.all.failedDialCount
        // Dials of the minute after the last report are not known yet; per minute about a thirtieth of all fails.
        #expect(told <= failed && told > failed - failed / 20, "\(told) of \(failed)")
        #expect(last.wallNanoseconds > LogFixture.origin + 1_900_000_000_000)
        #expect(lived.report.totals.untoldDials > failed / 2)
        for row in lived.report.rows {
            #expect(row.sessions == 1 && row.outages.worst == 1_940_000 && row.phase == .backingOff, "\(row.name)")
        }
    }

    @Test("a daemon that is stopped in the middle of it says in the end what was left out")
    func stopped() throws {
        let lived = try Self.live(50, until: Instant(nanoseconds: 2_000_000_000_000))
        let (report, logged) = (lived.report, lived.logged)
        let failed = lived.truths.values.reduce(0) { $0 + $1.failed }
        #expect(report.totals.suppressed == [EventName.dialFailed.rawValue: failed - logged] && failed > logged)
        for row in report.rows {
            #expect(row.failedDialCount == lived.truths[row.name]?.failed, "\(row.name)")
            #expect(row.sessions == 1 && row.reconnects == 0 && row.outages.worst == 1_940_000 && row.phase == .off)
        }
    }
}

extension Array {
    /// The first index whose element is `isAfter`, of an array in which all of those stand at the end.
    fileprivate func partitioningIndex(_ isAfter: (Element) -> Bool) -> Int {
        var (low, high) = (startIndex, endIndex)
        while low < high {
            let middle = low + (high - low) / 2
            if isAfter(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
