import Glibc
import HawserWebSocket

/// `hawser logs`: reads the log back, from the journal or from files, and prints lines, a summary or a timeline.
public struct Logs {
    private let options: LogsOptions
    private let environment: [String: String]
    private let output = LogOutput()

    /// How far the times of lines may be out of order around the end of what is asked for.
    private static let disorder: Int64 = 10_000_000_000
    /// How often files are looked at that may have grown.
    private static let followInterval: Int32 = 200

    /// A run in a process with these environment variables.
    public init(_ options: LogsOptions, environment: [String: String]) {
        self.options = options
        self.environment = environment
    }

    /// Reads and prints, to the end of the log or, if it is followed, until nobody wants more. Blocks.
    ///
    /// - Returns: failed if something could not be read, or not to its end. What could be was.
    public func run() -> ExitStatus {
        // A reader that is gone is an error of write(2), and no reason to die.
        signal(SIGPIPE, SIG_IGN)
        do throws(LogInputFailure) {
            let gate = try makeGate()
            let reading = LogReading(options, environment: environment, gate: gate)
            let status = try print(reading)
            output.flush()
            return output.isOpen || output.failure == EPIPE ? status : say("standard output", output.failure)
        } catch {
            output.flush()
            Self.say("\(error)")
            return .failed
        }
    }

    private func makeGate() throws(LogInputFailure) -> LogGate {
        do throws(SystemError) {
            let gate = try LogGate(output)
            if options.follows { gate.watchSignals() }
            return gate
        } catch {
            throw LogInputFailure(name: "hawser logs", detail: SystemError.text(error.errno))
        }
    }

    private func print(_ reading: LogReading) throws(LogInputFailure) -> ExitStatus {
        if options.showsSummary || options.showsTimeline { return try printViews(reading) }
        let formatter = options.isJSON ? nil : TextLogFormatter(colour: usesColour, isDated: true)
        let tailLimit = options.limit ?? (options.follows ? 10 : nil)
        let listing = LogListing(options.query, output: output, formatter: formatter, tailLimit: tailLimit)
        try reading.readBacklog { entry in
            listing.note(entry)
            return output.isOpen && !isPast(entry)
        }
        listing.endTail()
        if options.follows, output.isOpen { try reading.follow(every: Self.followInterval) { listing.note($0) } }
        output.flush()
        guard output.isOpen else { return .done }
        if listing.count == 0, !options.follows {
            let hint = listing.suggestion().map { ": did you mean the subscription \($0.printable)?" } ?? ""
            let count = reading.tally.entries
            Self.say(count == 0 ? "there is no line of Hawser's log" : "none of \(count) lines is asked for" + hint)
        }
        if !reading.tally.others.isEmpty { Self.say(reading.tally.others) }
        return reading.status
    }

    private func printViews(_ reading: LogReading) throws(LogInputFailure) -> ExitStatus {
        var views = LogViews(options)
        try reading.readBacklog { entry in
            views.note(entry)
            return !isPast(entry)
        }
        let style = LogViews.Style(
            width: Terminal.width(environment),
            isUnicode: Terminal.isOutput && Terminal.isUnicode(environment),
            isColoured: usesColour
        )
        if !views.print(to: output, style, now: WallClock.nanoseconds, reading.tally) {
            let others = reading.tally.others
            Self.say("no line of a subscription is in this stretch of time" + (others.isEmpty ? "" : "; \(others)"))
        } else if !options.showsSummary, !reading.tally.others.isEmpty {
            Self.say(reading.tally.others)
        }
        return reading.status
    }

    private func isPast(_ entry: LogEntry) -> Bool {
        guard let until = options.query.until else { return false }
        return entry.wallNanoseconds - Self.disorder > until
    }

    private var usesColour: Bool {
        switch options.colour {
        case .always: true
        case .never: false
        case .auto: Terminal.isOutput && environment["NO_COLOR", default: ""].isEmpty
        }
    }

    private func say(_ name: String, _ code: Int32) -> ExitStatus {
        Self.say("cannot write to \(name): \(SystemError.text(code))")
        return .failed
    }

    static func say(_ text: String) {
        LogStream.writeAll(Array("hawser logs: \(text)\n".utf8), to: STDERR_FILENO)
    }
}
