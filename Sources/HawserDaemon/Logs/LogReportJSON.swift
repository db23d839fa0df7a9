import ConnectionLifecycle
import Logging
import MonotonicTime

/// A report for a program: a line of JSON for each subscription, and one for all of them.
enum LogReportJSON {
    /// The lines, each with a newline.
    ///
    /// - Parameter unit: named in each line if there are several.
    static func lines(_ report: LogReport, _ tally: LineTally, unit: String? = nil) -> [[UInt8]] {
        report.rows.map { row in
            var line = JSONMembers()
            if let unit { line.text("unit", unit) }
            line.text("subscription", row.name)
            add(row, to: &line)
            line.text("phase", row.phase.rawValue)
            return line.line()
        } + [total(report, tally, unit)]
    }

    private static func total(_ report: LogReport, _ tally: LineTally, _ unit: String?) -> [UInt8] {
        var line = JSONMembers()
        if let unit { line.text("unit", unit) }
        line.object("total") { output in
            if let from = report.from { output.text("from", SpanText.timestamp(from)) }
            if let to = report.to { output.text("to", SpanText.timestamp(to)) }
            output.number("subscriptions", report.rows.count + report.hidden)
            add(report.all, to: &output)
            add(report.totals, to: &output)
            output.number("foreign", tally.foreign)
            output.number("damaged", tally.damaged + tally.tooLong)
            output.number("beyond_limit", report.leftOut)
        }
        return line.line()
    }

    private static func add(_ totals: LogTotals, to output: inout JSONMembers) {
        output.number("starts", totals.starts)
        output.number("stops", totals.stops)
        output.number("cut_short", totals.cutShort)
        output.number("not_running_ms", Int(totals.notRunning.milliseconds))
        if let run = totals.run { output.text("run", run) }
        output.number("lines", totals.lines)
        output.counts("levels", totals.levels.map { ($0.key.rawValue, $0.value) })
        output.counts("suppressed", totals.suppressed.map { ($0.key, $0.value) })
        output.number("dropped", totals.dropped)
        output.object("requests") { requests in
            for (name, request) in totals.requests.sorted(by: { $0.key < $1.key }) {
                requests.object(name) { fields in
                    fields.number("failures", request.failures)
                    fields.counts("causes", request.causes.map { ($0.key, $0.value) })
                    fields.number("recoveries", request.recoveries)
                }
            }
        }
        output.object("sinks") { sinks in
            for (name, sink) in totals.sinks.sorted(by: { $0.key < $1.key }) {
                sinks.object(name) { fields in
                    fields.number("blocked", sink.blocked)
                    fields.number("paused_ms", Int(sink.paused.milliseconds))
                    fields.number("failures", sink.failures)
                    fields.number("lost_records", sink.lostRecords)
                }
            }
        }
    }

    private static func add(_ row: SubscriptionSummary, to output: inout JSONMembers) {
        if let share = row.upShare { output.share("up_share", share) }
        output.number("observed_ms", Int(row.observed.milliseconds))
        output.number("open_ms", Int(row.open.milliseconds))
        output.number("waiting_ms", Int(row.waiting.milliseconds))
        output.number("sessions", row.sessions)
        output.number("reconnects", row.reconnects)
        add("outage", "outages", row.outages, to: &output)
        add("delay", "delays", row.delays, to: &output)
        if let silence = row.longestSilence { output.number("longest_silence_ms", Int(silence)) }
        output.number("received_messages", Int(clamping: row.messages))
        output.number("received_bytes", Int(clamping: row.bytes))
        output.counts("ends", row.ends.map { ($0.key?.rawValue ?? "other", $0.value) })
        output.counts("causes", LogReport.causes(of: row.ends).map { ($0.key.rawValue, $0.value) })
        output.counts("close_codes", row.closeCodes.map { ("\($0.key)", $0.value) })
        output.counts("failed_dials", row.failedDials.map { ($0.key?.rawValue ?? "other", $0.value) })
        output.number("unlogged_dials", row.unloggedDials)
    }

    private static func add(
        _ name: String,
        _ plural: String,
        _ distribution: DurationDistribution,
        to output: inout JSONMembers
    ) {
        output.number(plural, distribution.count)
        guard let median = distribution.median else { return }
        output.number("\(name)_median_ms", Int(median))
        output.number("\(name)_worst_ms", Int(distribution.worst))
    }
}
