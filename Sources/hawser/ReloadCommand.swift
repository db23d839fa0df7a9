import ArgumentParser
import HawserDaemon

/// `hawser reload`.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the daemon read its configuration again, and wait until it is applied.",
        discussion: """
            Subscriptions that are as before are not touched, others are closed cleanly and dialled under the new settings.
            If anything is wrong with the file nothing changes: each problem is printed with its place, and the exit status
            is 1. systemctl reload hawser does the same.

            EXAMPLES
              hawser check && hawser reload
            """
    )

    @OptionGroup var target: ControlTarget

    func run() throws {
        try target.run(.reload)
    }
}
