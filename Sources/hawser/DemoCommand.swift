import ArgumentParser
import Foundation
import HawserDaemon

/// `hawser demo`: the product in one command.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Look at it work: a built-in feed server and the daemon, without any configuration.",
        discussion: """
            Starts a server on loopback with three feeds and holds a subscription to each: one ticks 20 times a second, \
            one is dropped by the server every few seconds, one would be closed after 5 s without a ping. Messages go \
            to standard output, what happens to the subscriptions to standard error. Ctrl-C ends it with a table.

            EXAMPLES
              hawser demo
              hawser demo --for 15s
              hawser demo 2>/dev/null | jq 'select(.mark)'    only opened, closed, gap
            """
    )

    @Option(name: .customLong("for"), help: "End after this long, such as 15s or 2m; without it, on Ctrl-C.")
    var duration: DurationArgument?

    @OptionGroup var logging: LoggingOptions

    func run() async throws {
        let launch = Launch(environment: ProcessInfo.processInfo.environment)
        try await launch.demo(for: duration?.duration, level: logging.logLevel, format: logging.logFormat)
            .throwUnlessDone()
    }
}

/// A duration on the command line, written as in the configuration.
struct DurationArgument: ExpressibleByArgument {
    let duration: Duration

    init?(argument: String) {
        guard let duration = Duration(configurationText: argument), duration > .zero else { return nil }
        self.duration = duration
    }
}
