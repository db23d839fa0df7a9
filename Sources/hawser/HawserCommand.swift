import ArgumentParser
import Foundation
import HawserDaemon

/// The program: parses the command line, runs one subcommand, and ends with a documented exit status.
@main
struct HawserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hawser",
        abstract: "Holds WebSocket subscriptions open and records every message.",
        discussion: """
            EXAMPLES
              hawser demo                           look at it work, without any setup
              hawser check -c hawser.yaml           find every mistake in a configuration
              hawser run -c hawser.yaml             hold its subscriptions
              hawser connect wss://feed.example/ws  one connection by hand
              hawser fetch https://api.example/v1   a REST call by hand, or many
              hawser status --watch                 how the running daemon is
              hawser why trades                     what happened to one, and whose fault it was
              hawser logs --summary                 what became of each subscription
              hawser mock                           serve paths to test clients against

            Records go to standard output, logs to standard error.

            EXIT STATUS
              0   done; also after SIGINT or SIGTERM, once every session is closed
              1   failed at work
              2   wrong usage
              78  wrong configuration
            """,
        version: "hawser \(HawserVersion.current)",
        subcommands: [
            RunCommand.self, CheckCommand.self, DemoCommand.self, ConnectCommand.self, FetchCommand.self,
            MockCommand.self, LogsCommand.self, StatusCommand.self, WhyCommand.self, PauseCommand.self,
            ResumeCommand.self, RedialCommand.self, ReloadCommand.self, LogLevelCommand.self,
        ]
    )

    static func main() async {
        StandardDescriptors.open()
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            finish(error)
        }
    }

    /// Prints what ArgumentParser has to say and ends the process: 0 for help, 2 for wrong usage, else the error's own.
    private static func finish(_ error: any Error) -> Never {
        let status = exitCode(for: error)
        let text = fullMessage(for: error)
        if !text.isEmpty {
            let stream = status == .success ? FileHandle.standardOutput : FileHandle.standardError
            try? stream.write(contentsOf: Data((text + "\n").utf8))
        }
        Foundation.exit(status == .validationFailure ? ExitStatus.usage.rawValue : status.rawValue)
    }
}

extension ExitStatus {
    /// This status as an error that ends the command with it and prints nothing.
    var asExit: ExitCode { ExitCode(rawValue) }
}
