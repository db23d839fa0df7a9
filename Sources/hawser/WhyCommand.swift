import ArgumentParser
import HawserDaemon

/// `hawser why`: what happened to a subscription, and whose fault it was.
struct WhyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "What happened to a subscription, whose fault it was, and what comes next.",
        discussion: """
            Prints where the subscription is and why, who is at fault (the server, the network, the configuration, or \
            this side), what can be done, what happens next and when, and the last 32 things that happened to it, the \
            newest first, with how long each stage of each dial took.

            EXAMPLES
              hawser why trades
              hawser why 'trades-*' --json | jq '.subscriptions[].because'
            """
    )

    @OptionGroup var subscriptions: NamedSubscriptions
    @OptionGroup var target: ControlTarget

    func run() throws {
        try target.run(.why(subscriptions.names))
    }
}
