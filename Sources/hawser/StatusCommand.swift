import ArgumentParser
import HawserDaemon

/// `hawser status`: how the running daemon is.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "How the running daemon and its subscriptions are.",
        discussion: """
            Asks the daemon by its control socket: the one of --socket, or that the configuration names, or \
            $RUNTIME_DIRECTORY/hawser.sock, $XDG_RUNTIME_DIR/hawser.sock, /run/hawser/hawser.sock.

            EXAMPLES
              hawser status
              hawser status --watch
              hawser status 'trades-*' --json | jq '.subscriptions[].phase'

            EXIT STATUS
              0   done
              1   no daemon answers, or it refuses
              2   wrong usage
            """
    )

    @Argument(help: ArgumentHelp("Only these subscriptions, or patterns with * and ?.", valueName: "subscription"))
    var subscriptions: [String] = []

    @OptionGroup var target: ControlTarget

    @Flag(help: "Again and again; on a terminal in its place.")
    var watch = false

    @Option(help: "How often with --watch, such as 500ms or 5s.")
    var interval = "2s"

    func validate() throws {
        _ = try pace()
    }

    func run() throws {
        try target.run(.status(subscriptions), every: watch ? try pace() : nil)
    }

    private func pace() throws -> Duration {
        guard let pace = Duration(configurationText: interval), pace >= .milliseconds(100), pace <= .seconds(3_600)
        else {
            throw ValidationError("--interval \(interval): write a duration of 100ms to 1h, such as 2s")
        }
        return pace
    }
}
