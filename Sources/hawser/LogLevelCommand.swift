import ArgumentParser
import HawserDaemon

/// `hawser log-level`.
struct LogLevelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level",
        abstract: "Print or change the level from which the running daemon logs.",
        discussion: """
            The levels are trace, debug, info, notice, warning, error and critical. A change does not outlive the \
            daemon.

            EXAMPLES
              hawser log-level
              hawser log-level debug
            """
    )

    @Argument(help: "The level from now on; without it the level is printed.")
    var level: String?

    @OptionGroup var target: ControlTarget

    func run() throws {
        try target.run(.logLevel(level))
    }
}
