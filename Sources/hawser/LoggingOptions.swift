import ArgumentParser
import HawserDaemon
import Logging

/// What is logged, and how it looks; for every subcommand.
struct LoggingOptions: ParsableArguments {
    @Option(help: "The lowest level to log: trace, debug, info, notice, warning, error, critical.")
    var logLevel: Logger.Level?

    @Option(
        help: "How log lines look: auto (journald under systemd, text on a terminal, else json), journald, text, json."
    )
    var logFormat: LogFormat?
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension LogFormat: ExpressibleByArgument {}

/// Which configuration to use.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: [.customShort("c"), .customLong("config")], help: "The configuration file.")
    var path = "/etc/hawser/hawser.yaml"
}
