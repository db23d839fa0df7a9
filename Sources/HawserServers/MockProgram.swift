import Glibc
import Transport

/// The process of `hawser mock`: a ``MockServer`` until a signal comes.
public struct MockProgram: Sendable {
    /// What the command line says.
    public struct Options: Hashable, Sendable {
        /// How to serve.
        public var server = MockServer.Options()
        /// Where the certificate goes; only with TLS.
        public var certificatePath: String?
        /// Says that it is ready in JSON.
        public var reportsJSON = false

        /// The server's defaults, and its URL in plain text.
        public init() {}
    }

    /// A file that could not be written.
    public struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The file and the system's reason.
        public let description: String

        fileprivate init(_ what: String, _ code: Int32) {
            description = "cannot write to \(what): \(String(cString: strerror(code)))"
        }
    }

    private let options: Options

    /// A program that has not been started.
    public init(_ options: Options) {
        self.options = options
    }

    /// Serves until SIGINT or SIGTERM; a second one ends the process at once, with 1. Writes one line to standard output,
    /// when connections are accepted: the base URL, or a JSON object with it.
    ///
    /// - Throws: ``ServerError``, `EventLoopError`, ``Failure``.
    public func run() async throws {
        EventLoop.raiseDescriptorLimit()
        let loop = try EventLoop(name: "hawser-mock")
        do {
            let server = try MockServer(loop: loop, options: options.server)
            let signals = try await SignalCount.watching([SIGINT, SIGTERM], on: loop)
            do {
                try report(try await server.start(), certificate: server.certificate)
                await signals.first()
            } catch {
                await server.stop()
                throw error
            }
            await server.stop()
            await loop.shutdown()
        } catch {
            await loop.shutdown()
            throw error
        }
    }

    private func report(_ url: String, certificate: String?) throws(Failure) {
        if let certificate, let path = options.certificatePath { try Self.write(certificate, path: path) }
        guard options.reportsJSON else { return try Self.write(url + "\n", to: STDOUT_FILENO, "standard output") }
        let path = options.certificatePath.map { JSONQuoting.quoted($0) } ?? "null"
        let webSocket = "ws" + url.dropFirst("http".count)
        try Self.write(
            "{\"url\":\(JSONQuoting.quoted(url)),\"websocket_url\":\(JSONQuoting.quoted(webSocket)),"
                + "\"certificate\":\(path),\"pid\":\(getpid())}\n",
            to: STDOUT_FILENO,
            "standard output"
        )
    }

    private static func write(_ text: String, path: String) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(path, errno) }
        defer { close(descriptor) }
        try write(text, to: descriptor, path)
    }

    private static func write(_ text: String, to descriptor: Int32, _ name: String) throws(Failure) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure(name, errno) }
            rest = rest.dropFirst(count)
        }
    }
}

/// Signals that have come to a loop. The second one ends the process. Confined to the loop.
private final class SignalCount {
    private var count = 0
    private var waiter: CheckedContinuation<Void, Never>?

    /// The signals of `numbers` from now on, seen from outside of the loop.
    struct Watch: Sendable {
        let loop: EventLoop
        let signals: LoopBound<SignalCount>
        let watch: SignalWatch

        /// Returns when the first one has come.
        func first() async {
            await withCheckedContinuation { continuation in
                loop.submit { signals.value.wait(continuation) }
            }
        }
    }

    static func watching(_ numbers: [Int32], on loop: EventLoop) async throws -> Watch {
        let signals = await loop.run { LoopBound(SignalCount(), to: loop) }
        let watch = try loop.onSignal(numbers) { _ in signals.value.arrived() }
        return Watch(loop: loop, signals: signals, watch: watch)
    }

    private func wait(_ continuation: CheckedContinuation<Void, Never>) {
        if count > 0 { continuation.resume() } else { waiter = continuation }
    }

    private func arrived() {
        count += 1
        if count > 1 { _exit(1) }
        waiter?.resume()
        waiter = nil
    }
}
