import ArgumentParser
import Foundation
import HawserDaemon
import Logging

/// Which lines `hawser logs` takes.
struct LogSelectionOptions: ParsableArguments {
    @Option(help: "Lines of this event, such as dial.failed or 'sink.*'; may be repeated.")
    var event: [String] = []

    @Option(help: "Lines with this outcome, such as peer_closed; may be repeated.")
    var outcome: [String] = []

    @Option(help: "Lines of this level and above.")
    var level: Logger.Level?

    @Option(parsing: .unconditional, help: "Lines from this time on.")
    var since: String?

    @Option(parsing: .unconditional, help: "Lines before this time.")
    var until: String?

    @Option(
        name: [.customShort("n"), .customLong("lines")],
        help: "The last so many lines; of a summary or timeline the so many that were up the least."
    )
    var lines: Int?

    func apply(to options: inout LogsOptions) throws {
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000_000)
        options.query.since = try since.map { try moment($0, "--since", now) }
        options.query.until = try until.map { try moment($0, "--until", now) }
        options.query.events = event.map { NamePattern($0) }
        options.query.outcomes = outcome.map { NamePattern($0) }
        if let level { options.query.level = level }
        options.limit = lines
    }

    private func moment(_ text: String, _ option: String, _ now: Int64) throws -> Int64 {
        guard let moment = LogMoment.parse(text, now: now) else {
            throw ValidationError("\(option) \"\(text)\" is no time: write \(LogMoment.allowed)")
        }
        return moment
    }
}
