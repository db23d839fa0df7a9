import ArgumentParser
import Glibc
import WebSocketProtocol

/// `hawser-autobahn`: the client's side of the Autobahn test suite.
@main
struct AutobahnCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hawser-autobahn",
        abstract: "Runs every case of an Autobahn fuzzing server as an echo client.",
        discussion: """
            Asks the server how many cases it has, answers each message of each case with itself until the connection \
            ends, and has the server write its report. What the cases found is in that report, not in the exit status.

            EXAMPLE
              hawser-autobahn ws://127.0.0.1:9001 hawser

            EXIT STATUS
              0  every case was run to its end
              1  the server was not reached, or a case could not be opened or took too long
              2  wrong usage
            """
    )

    @Argument(help: "The fuzzing server: ws://HOST:PORT")
    var url: String

    @Argument(help: "The name to report under.")
    var agent: String

    @Flag(name: .customLong("no-deflate"), help: "Do not offer permessage-deflate.")
    var refusesDeflate = false

    @Option(help: "The most seconds for one case, and for the server's report.")
    var timeout = 120

    func validate() throws {
        do { _ = try WebSocketURL(url) } catch { throw ValidationError("\(error)") }
        // The suite answers any other name with 500.
        guard !agent.isEmpty, agent.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw ValidationError("AGENT must be printable ASCII")
        }
        if !(1...86_400).contains(timeout) { throw ValidationError("--timeout must be 1 to 86400 seconds") }
    }

    func run() async throws {
        var configuration = Exchange.configuration
        // Every answer compressed, however short.
        configuration.compression = refusesDeflate ? nil : CompressionPolicy(threshold: 0)
        let suite: TestSuite
        do {
            suite = try TestSuite(
                at: url,
                agent: agent,
                configuration: configuration,
                limit: .seconds(timeout),
                progress: ProgressLine()
            )
        } catch {
            ProgressLine().say("\(error)")
            throw ExitCode(1)
        }
        let isComplete = await suite.run()
        await suite.shutdown()
        if !isComplete { throw ExitCode(1) }
    }

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch {
            let status = exitCode(for: error)
            let text = fullMessage(for: error)
            if !text.isEmpty {
                ProgressLine.write(text + "\n", to: status == .success ? STDOUT_FILENO : STDERR_FILENO)
            }
            Glibc.exit(status == .validationFailure ? 2 : status.rawValue)
        }
    }
}
