import ArgumentParser
import Foundation
import HawserDaemon

/// `hawser run`: the daemon.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Hold every subscription of a configuration until SIGINT or SIGTERM.",
        discussion: """
            Dials each subscription, keeps it alive, reconnects it, and writes each message to its sinks. SIGINT or \
            SIGTERM closes every session, writes everything out and ends with 0; a second one ends at once. Under \
            systemd it says when it is ready and when it stops.

            EXAMPLES
              hawser run                                    with /etc/hawser/hawser.yaml
              hawser run -c feeds.yaml > messages.jsonl
              hawser run -c feeds.yaml --log-level debug
            """
    )

    @OptionGroup var file: ConfigurationOptions
    @OptionGroup var logging: LoggingOptions

    func run() async throws {
        let launch = Launch(environment: ProcessInfo.processInfo.environment)
        try await launch.run(path: file.path, level: logging.logLevel, format: logging.logFormat).throwUnlessDone()
    }
}

extension ExitStatus {
    /// Ends the command with this status unless it is `done`.
    func throwUnlessDone() throws {
        if self != .done { throw asExit }
    }
}
