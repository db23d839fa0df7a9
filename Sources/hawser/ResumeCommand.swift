import ArgumentParser
import HawserDaemon

/// `hawser resume`.
struct ResumeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Hold paused subscriptions again.",
        discussion: """
            Each queues for a connection as at the start. One that is not paused goes on as it is.

            EXAMPLES
              hawser resume trades
              hawser resume '*'
            """
    )

    @OptionGroup var subscriptions: NamedSubscriptions
    @OptionGroup var target: ControlTarget

    func run() throws {
        try target.run(.resume(subscriptions.names))
    }
}
