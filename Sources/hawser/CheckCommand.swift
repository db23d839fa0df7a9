import ArgumentParser
import Foundation
import HawserDaemon

/// `hawser check`: everything that `run` does before it dials.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Find every mistake in a configuration.",
        discussion: """
            Loads the file exactly as run does, certificates and references included, and prints every mistake with \
            its line, its column and what to do. Ends with 0 if it can be run, with 78 if not.

            EXAMPLES
              hawser check
              hawser check -c feeds.yaml
              hawser check -c feeds.yaml --explain    every value, and where it comes from
            """
    )

    @OptionGroup var file: ConfigurationOptions

    @Flag(help: "Print every effective value, and where it comes from.")
    var explain = false

    func run() async throws {
        let launch = Launch(environment: ProcessInfo.processInfo.environment)
        try launch.check(path: file.path, explain: explain).throwUnlessDone()
    }
}
