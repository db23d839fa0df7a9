import ArgumentParser
import Foundation
import HawserDaemon

/// Which daemon a command talks to.
struct ControlTarget: ParsableArguments {
    @Option(help: "The daemon's control socket.")
    var socket: String?

    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: "The daemon's configuration file, which may say where its socket is."
    )
    var configuration: String?

    @Flag(help: "JSON, as the daemon says it: docs/control.md.")
    var json = false

    /// Asks for `request` and prints the answer.
    func run(_ request: ControlOptions.Request, every interval: Duration? = nil) throws {
        var options = ControlOptions(request)
        options.socket = socket
        if let configuration {
            options.configuration = configuration
            options.namesConfiguration = true
        }
        options.isJSON = json
        options.interval = interval
        try Control(options, environment: ProcessInfo.processInfo.environment).run().throwUnlessDone()
    }
}

/// The subscriptions that a command is about.
struct NamedSubscriptions: ParsableArguments {
    @Argument(help: ArgumentHelp("Names, or patterns with * and ?.", valueName: "subscription"))
    var names: [String]
}
