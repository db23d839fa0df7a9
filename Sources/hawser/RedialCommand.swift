import ArgumentParser
import HawserDaemon

/// `hawser redial`.
struct RedialCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redial",
        abstract: "Close the sessions of subscriptions, and dial them anew at once.",
        discussion: """
            One that backs off dials now; the limits on connections and dials still hold. One that is paused stays so.

            EXAMPLES
              hawser redial trades
              hawser redial '*'
            """
    )

    @OptionGroup var subscriptions: NamedSubscriptions
    @OptionGroup var target: ControlTarget

    func run() throws {
        try target.run(.redial(subscriptions.names))
    }
}
