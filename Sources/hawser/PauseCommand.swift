import ArgumentParser
import HawserDaemon

/// `hawser pause`.
struct PauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Close the sessions of subscriptions, and hold none until they are resumed.",
        discussion: """
            Each session is closed with 1001 and the outcome "paused", and its place among limits.connections goes to \
            others. A pause does not outlive the daemon: after a restart every subscription is held.

            EXAMPLES
              hawser pause trades
              hawser pause 'trades-*' quotes
            """
    )

    @OptionGroup var subscriptions: NamedSubscriptions
    @OptionGroup var target: ControlTarget

    func run() throws {
        try target.run(.pause(subscriptions.names))
    }
}
