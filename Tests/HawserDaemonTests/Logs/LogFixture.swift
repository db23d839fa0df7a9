import Logging

@testable import HawserDaemon

/// A log that a test writes, line by line, on a day of its own: times are seconds after 2026-11-26 20:00:00 UTC.
struct LogFixture {
    static let origin: Int64 = 1_795_723_200_000_000_000

    private(set) var entries: [LogEntry] = []

    static func time(_ seconds: Double) -> Int64 {
        origin + Int64(seconds * 1_000) * 1_000_000
    }

    mutating func add(
        _ seconds: Double,
        _ event: EventName,
        _ subscription: String? = nil,
        level: Logger.Level = .info,
        _ fields: [LogField: LogEntry.Value] = [:]
    ) {
        var all = fields.map { LogEntry.Field(key: $0.key.rawValue, value: $0.value) }
        if let subscription { all.append(LogEntry.Field(key: "subscription", value: .text(subscription))) }
        entries.append(
            LogEntry(
                wallNanoseconds: Self.time(seconds),
                level: level,
                event: event.rawValue,
                message: "message",
                fields: all.sorted { LogLine.order($0.key) < LogLine.order($1.key) }
            )
        )
    }

    mutating func opened(_ seconds: Double, _ name: String, _ session: Int64) {
        add(seconds, .subscriptionOpened, name, [.session: .integer(session), .tcpMilliseconds: .integer(0)])
    }

    mutating func closed(
        _ seconds: Double,
        _ name: String,
        _ session: Int64,
        _ outcome: String,
        up: Double,
        delay: Double?,
        _ more: [LogField: LogEntry.Value] = [:]
    ) {
        var fields: [LogField: LogEntry.Value] = [
            .session: .integer(session), .outcome: .text(outcome), .uptimeMilliseconds: .integer(Int64(up * 1_000)),
        ]
        if let delay { fields[.delayMilliseconds] = .integer(Int64(delay * 1_000)) }
        add(seconds, .subscriptionClosed, name, level: .warning, fields.merging(more) { $1 })
    }

    mutating func failed(
        _ seconds: Double,
        _ name: String,
        _ session: Int64,
        delay: Double,
        suppressed: Int64 = 0,
        outcome: String = "dial_failed"
    ) {
        var fields: [LogField: LogEntry.Value] = [
            .session: .integer(session), .outcome: .text(outcome), .delayMilliseconds: .integer(Int64(delay * 1_000)),
        ]
        if suppressed > 0 { fields[.suppressed] = .integer(suppressed) }
        add(seconds, .dialFailed, name, level: .warning, fields)
    }

    func summary(_ query: LogQuery = LogQuery(), now: Double) -> LogReport {
        var summary = LogSummary(query)
        for entry in entries { summary.note(entry) }
        return summary.report(now: Self.time(now))
    }

    func chart(_ query: LogQuery = LogQuery(), now: Double, limit: Int = Timeline.limit) -> TimelineChart? {
        var timeline = Timeline(query, limit: limit)
        for entry in entries { timeline.note(entry) }
        return timeline.chart(now: Self.time(now))
    }

    /// The lines as the daemon writes them.
    var bytes: [UInt8] {
        var buffer = LineBuffer(capacity: 1_024)
        var timestamp = Timestamp()
        for entry in entries { entry.appendJSON(to: &buffer, &timestamp) }
        return buffer.withBytes { Array($0) }
    }
}

extension LogFixture {
    /// Two hours with three feeds: one calm, one that fails in several ways, one that waits; and a restart.
    static var twoHours: LogFixture {
        var log = LogFixture()
        log.add(0, .daemonStarting, [.run: .text("k3f9"), .subscriptions: .integer(3)])
        log.opened(1, "calm", 1)
        log.opened(2, "trades.eu", 1)
        log.add(2, .subscriptionWaiting, "late", [.position: .integer(1)])
        log.closed(
            1_800,
            "trades.eu",
            1,
            "peer_closed",
            up: 1_798,
            delay: 1,
            [
                .closeCode: .integer(1012), .receivedMessages: .integer(50_000), .receivedBytes: .integer(5_000_000),
                .longestSilenceMilliseconds: .integer(2_500), .silenceMilliseconds: .integer(10),
            ]
        )
        log.opened(1_801.5, "trades.eu", 2)
        log.closed(
            3_000,
            "trades.eu",
            2,
            "ping_timeout",
            up: 1_198.5,
            delay: 2,
            [
                .receivedMessages: .integer(20_000), .receivedBytes: .integer(2_000_000),
                .longestSilenceMilliseconds: .integer(300_000), .silenceMilliseconds: .integer(300_000),
            ]
        )
        for session in Int64(3)...12 {
            log.failed(3_000 + Double(session) * 20, "trades.eu", session, delay: 20)
        }
        log.failed(3_600, "trades.eu", 30, delay: 30, suppressed: 17)
        log.opened(4_000, "late", 1)
        log.add(4_100, .subscriptionOpened, "trades.eu", [.session: .integer(42), .suppressed: .integer(11)])
        log.add(4_200, .sinkBlocked, level: .warning, [.sink: .text("archive"), .queuedBytes: .integer(9_000_000)])
        log.add(4_212.5, .sinkResumed, [.sink: .text("archive"), .pausedMilliseconds: .integer(12_500)])
        for name in ["calm", "late"] {
            let start = name == "calm" ? 1.0 : 4_000
            log.closed(
                5_400,
                name,
                1,
                "shutdown",
                up: 5_400 - start,
                delay: nil,
                [.receivedMessages: .integer(100), .receivedBytes: .integer(2_000)]
            )
        }
        log.closed(5_400, "trades.eu", 42, "shutdown", up: 1_300, delay: nil, [.receivedMessages: .integer(7)])
        for name in ["calm", "late", "trades.eu"] { log.add(5_400, .subscriptionStopped, name) }
        log.add(5_400, .daemonStopped)
        log.add(5_700, .daemonStarting, [.run: .text("m2uy"), .subscriptions: .integer(4)])
        for name in ["calm", "late", "trades.eu"] { log.opened(5_701, name, 1) }
        log.add(7_100, .daemonSummary, [.open: .integer(3)])
        return log
    }

    mutating func add(
        _ seconds: Double,
        _ event: EventName,
        level: Logger.Level = .info,
        _ fields: [LogField: LogEntry.Value]
    ) {
        add(seconds, event, nil, level: level, fields)
    }
}
