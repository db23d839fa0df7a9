import ArgumentParser
import Foundation
import HawserDaemon
import Logging

/// `hawser logs`: the log, read back.
struct LogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs",
        abstract: "Read the log: lines, a summary, or a timeline.",
        discussion: """
            Reads the journal of hawser.service, or with --file the JSON lines of log: {format: json}. Times are UTC, \
            those that you give too unless they name a zone. A name or pattern (* and ?) of subscriptions leaves out \
            all other lines. Lines that are not of Hawser's log, or damaged, are counted, and the counts \
            are said in the end. Each unit of the journal has its own \
            summary and timeline.

            EXAMPLES
              hawser logs                            everything, as text
              hawser logs -f                         the last ten lines, and what comes
              hawser logs trades --since -2h         one subscription, two hours
              hawser logs --event dial.failed --outcome tls_failed --since today
              hawser logs --level warning -n 20 --json | jq .message
              hawser logs --summary --since today    sessions, up-time, outages, causes
              hawser logs --timeline --since -1d     who was open when, as a drawing
              hawser logs --timeline -n 20           the twenty that were up the least
              hawser logs --file hawser.log --file 'hawser.log.*.gz' --summary
              hawser logs --file - < journal.json    what journalctl -o json wrote

            TIMES
              2026-11-26T21:00:00+01:00  "2026-11-26 21:00"  2026-11-26  21:00  -2h
              -1d12h  now  today  yesterday  @1795726800

            EXIT STATUS
              0   done; also when the reader of the output goes, or a signal ends -f
              1   something could not be read, or not to its end; what could be was
              2   wrong usage
            """
    )

    @Argument(help: ArgumentHelp("Only these subscriptions, or patterns with * and ?.", valueName: "subscription"))
    var subscriptions: [String] = []

    @OptionGroup(title: "Where to read") var source: LogSourceOptions

    @OptionGroup(title: "Which lines") var selection: LogSelectionOptions

    @Flag(name: .shortAndLong, help: "Go on with what comes; survives rotation.")
    var follow = false

    @Flag(help: "Per subscription: sessions, up-time, outages, silence, delays, messages, causes.")
    var summary = false

    @Flag(help: "Per subscription: a row over time.")
    var timeline = false

    @Flag(help: "JSON, one object a line.")
    var json = false

    @Option(help: "When to use colours; auto: on a terminal.")
    var color = LogsOptions.Colour.auto

    func validate() throws {
        _ = try options()
    }

    func run() throws {
        try Logs(try options(), environment: ProcessInfo.processInfo.environment).run().throwUnlessDone()
    }

    private func options() throws -> LogsOptions {
        var options = LogsOptions()
        try source.apply(to: &options)
        try selection.apply(to: &options)
        options.query.subscriptions = subscriptions.map { NamePattern($0) }
        options.showsSummary = summary
        options.showsTimeline = timeline
        options.isJSON = json
        options.follows = follow
        options.colour = color
        if let problem = options.problem { throw ValidationError(problem) }
        return options
    }
}

extension LogsOptions.Colour: ExpressibleByArgument {}
