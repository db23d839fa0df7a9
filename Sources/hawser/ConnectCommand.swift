import ArgumentParser
import ConnectionLifecycle
import HawserDaemon
import HawserWebSocket
import Transport
import WebSocketProtocol

/// `hawser connect`: one connection by hand.
struct ConnectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Open one WebSocket by hand.",
        discussion: """
            Messages go to standard output, one a line, binary ones as base64. Lines of standard input are sent as text \
            messages; its end does not end the session. Ctrl-C closes the session, a second one ends at once.

            What the opening handshake agreed on (address, TLS, subprotocol, compression) is told on standard error. \
            Compression is offered, and used if the server takes it, for messages of 256 bytes and more.

            EXAMPLES
              hawser connect wss://feed.example/ws
              hawser connect wss://feed.example/ws -H "Authorization: Bearer $TOKEN"
              hawser connect wss://feed.example/ws --send '{"op":"subscribe"}'
              hawser connect ws://localhost:8080/ --count 1 --no-input
              hawser connect ws://localhost:8080/ --no-compression
              hawser connect wss://feed.example/ws --proxy socks5://localhost:1080
              hawser connect ws+unix:/run/feed.sock:/ws
            """
    )

    @Argument(help: "ws://, wss:// or ws+unix:")
    var url: String

    @Option(name: [.customShort("H"), .customLong("header")], help: "A header field, 'Name: value'; may be repeated.")
    var headers: [HeaderArgument] = []

    @Option(help: "A subprotocol to offer; may be repeated, the preferred one first.")
    var subprotocol: [String] = []

    @Option(help: "A text message to send first; may be repeated.")
    var send: [String] = []

    @Option(help: "Send at most so many messages in any window, such as 5/s or 300/5m; may be repeated.")
    var sendRate: [RateArgument] = []

    @Option(help: "End after this many messages.")
    var count: Int?

    @Option(name: .customLong("for"), help: "End after this long, such as 15s or 2m.")
    var duration: DurationArgument?

    @Option(help: "Ping this often; 0s turns it off.")
    var pingEvery: PingArgument = PingArgument(every: .seconds(20))

    @Option(help: "The most time for everything before the session is open.")
    var timeout: DurationArgument?

    @Option(help: "Go through this proxy, http:// or socks5://; without it none is used.")
    var proxy: String?

    @Option(name: .customLong("cacert"), help: "Trust the authorities in this PEM file, and no others.")
    var authority: String?

    @Option(name: .customLong("cert"), help: "A PEM file with our certificate.")
    var certificate: String?

    @Option(name: .customLong("key"), help: "A PEM file with the certificate's key.")
    var key: String?

    @Flag(help: "Accept any certificate. Anybody in between can then read and change everything.")
    var insecure = false

    @Flag(name: .customLong("no-compression"), help: "Do not offer permessage-deflate.")
    var offersNoCompression = false

    @Flag(name: .customLong("no-input"), help: "Do not read standard input.")
    var ignoresInput = false

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count must be 1 or more") }
        let parsed: WebSocketURL
        do { parsed = try WebSocketURL(url) } catch { throw ValidationError("\(error)") }
        guard let proxy else { return }
        do { _ = try ProxyURL(proxy) } catch { throw ValidationError("--proxy: \(error)") }
        if parsed.unixPath != nil { throw ValidationError("--proxy: a Unix socket is not reached through a proxy") }
    }

    func run() async throws {
        var options = AdHocConnection.Options(url: url)
        options.messages = send
        options.count = count
        options.duration = duration?.duration
        options.readsInput = !ignoresInput
        options.configuration.fields = headers.map { ($0.name, $0.value) }
        options.configuration.subprotocols = subprotocol
        options.configuration.keepAlive = pingEvery.policy
        options.configuration.sendRates = sendRate.map(\.rate)
        options.configuration.proxy = try proxy.map { try ProxyURL($0) }
        if let timeout { options.configuration.timeouts = Self.timeouts(dial: timeout.duration) }
        if let authority { options.configuration.tls.certificateAuthority = .file(authority) }
        options.configuration.tls.clientCertificate = certificate
        options.configuration.tls.clientKey = key
        options.configuration.tls.verify = !insecure
        if offersNoCompression { options.configuration.compression = nil }
        try await AdHocConnection(options).run().throwUnlessDone()
    }
}

extension ConnectCommand {
    /// One limit for the whole dial, however its stages share it.
    private static func timeouts(dial: Duration) -> SessionTimeouts {
        SessionTimeouts(dns: dial, tcp: dial, proxy: dial, tls: dial, upgrade: dial, dial: dial)
    }
}

/// A header field on the command line.
struct HeaderArgument: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let colon = argument.firstIndex(of: ":"), colon != argument.startIndex else { return nil }
        name = String(argument[..<colon])
        value = String(argument[argument.index(after: colon)...].drop { $0 == " " })
    }
}

/// A rate on the command line.
struct RateArgument: ExpressibleByArgument {
    let rate: Rate

    init?(argument: String) {
        guard let rate = Rate(configurationText: argument) else { return nil }
        self.rate = rate
    }
}

/// How often to ping, on the command line.
struct PingArgument: ExpressibleByArgument {
    let every: Duration

    init(every: Duration) {
        self.every = every
    }

    init?(argument: String) {
        guard let duration = Duration(configurationText: argument) else { return nil }
        every = duration
    }

    var policy: KeepAlive.Policy {
        every == .zero ? .off : .ping(every: every, timeout: .seconds(10))
    }

    var defaultValueDescription: String { "\(every.components.seconds)s" }
}
