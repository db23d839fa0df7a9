import ArgumentParser
import Foundation
import HawserDaemon
import HawserServers

/// `hawser mock`: a server to test clients against.
struct MockCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mock",
        abstract: "Serve REST and WebSocket paths for testing clients.",
        discussion: """
            Serves HTTP/1.1 and WebSocket on this machine, and prints its URL to standard output once it does. GET / lists \
            the paths. Ctrl-C ends it.

              /user/{id}  /status/{code}  /delay/{ms}  /bytes/{n}  /stream/{n}
              /redirect/{n}  /echo  /flaky/{n}  /retry-after/{s}
              /ws/echo  /ws/ticker  /ws/silent  /ws/drop

            With --tls its certificate is made at the start, for localhost, 127.0.0.1, ::1 and --host; who is to trust it \
            gets it by --tls-cert-out.

            EXAMPLES
              hawser mock
              hawser mock --port 0 --json        any free port, told in JSON
              hawser mock --tls --tls-cert-out mock.pem
              hawser mock --host 0.0.0.0         for whoever can reach this machine
            """
    )

    @Option(help: "The port; 0 for any that is free.")
    var port: UInt16 = 8080

    @Option(help: "The address to listen on, as a number.")
    var host = "127.0.0.1"

    @Flag(help: "Speak TLS, with a certificate made at the start.")
    var tls = false

    @Option(help: ArgumentHelp("Write the certificate, as PEM, to this file; with --tls.", valueName: "file"))
    var tlsCertOut: String?

    @Option(help: "Connections at once; more wait.")
    var connections = 1000

    @Option(
        help: ArgumentHelp("Bytes of content that /echo sends back; more is answered with 413.", valueName: "bytes")
    )
    var maxEcho = 1 << 20

    @Flag(help: "Say that it is ready as a JSON object: url, websocket_url, certificate, pid.")
    var json = false

    func validate() throws {
        if tlsCertOut != nil, !tls { throw ValidationError("--tls-cert-out goes with --tls") }
        guard 1...100_000 ~= connections else { throw ValidationError("--connections must be 1 to 100000") }
        guard 0...1 << 28 ~= maxEcho else { throw ValidationError("--max-echo must be 0 to 268435456") }
    }

    func run() async throws {
        var options = MockProgram.Options()
        options.server.host = host
        options.server.port = port
        options.server.usesTLS = tls
        options.server.limits = MockLimits(connections: connections, echoedContent: maxEcho)
        options.certificatePath = tlsCertOut
        options.reportsJSON = json
        do {
            try await MockProgram(options).run()
        } catch {
            FileHandle.standardError.write(Data("hawser mock: \(error)\n".utf8))
            throw ExitStatus.failed.asExit
        }
    }
}
