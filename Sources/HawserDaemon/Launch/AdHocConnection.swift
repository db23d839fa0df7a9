import ConnectionLifecycle
import Dispatch
import Glibc
import HawserWebSocket
import MonotonicTime
import Synchronization
import Transport
import WebSocketProtocol

/// One connection by hand: messages go to standard output, lines of standard input are sent.
public struct AdHocConnection: Sendable {
    /// What the command line says.
    public struct Options: Sendable {
        /// Where to.
        public var url: String
        /// How to dial.
        public var configuration = WebSocketConfiguration()
        /// Text messages to send first.
        public var messages: [String] = []
        /// End after this many messages; nil: when the server closes.
        public var count: Int?
        /// End after this long.
        public var duration: Duration?
        /// Whether lines of standard input are sent.
        public var readsInput = true

        /// The defaults for `url`.
        public init(url: String) {
            self.url = url
        }
    }

    private let options: Options

    /// A connection that has not been opened.
    public init(_ options: Options) {
        self.options = options
    }

    /// Opens it and stays until the server closes, the count or time is reached, or a signal comes.
    public func run() async -> ExitStatus {
        do {
            let loop = try EventLoop()
            let client = WebSocketClient(on: loop)
            let status = await converse(client, loop)
            await client.shutdown()
            return status
        } catch {
            say("error: \(error)")
            return .failed
        }
    }

    private func converse(_ client: WebSocketClient, _ loop: EventLoop) async -> ExitStatus {
        do {
            return try await client.connect(to: options.url, configuration: options.configuration) { session in
                await announce(session)
                try closeOnSignal(session, loop)
                for message in options.messages { try await session.send(message) }
                let input = Task { if options.readsInput { await sendInput(to: session) } }
                let clock = Task { await closeLater(session) }
                defer {
                    input.cancel()
                    clock.cancel()
                }
                try await printMessages(of: session)
                return report(await session.close())
            }
        } catch {
            say("error: \(error)")
            return .failed
        }
    }

    private func printMessages(of session: WebSocketSession) async throws {
        var received = 0
        for try await message in session.messages {
            switch message {
            case .text(let text): try printLine(text)
            case .binary(let bytes): try printLine(WebSocketProtocol.Base64.encode(bytes))
            }
            received += 1
            if received == options.count { return }
        }
    }

    /// - Throws: if nobody reads standard output any more.
    private func printLine(_ text: String) throws(OutputFailure) {
        let code = LogStream.writeAll(Array((text + "\n").utf8), to: STDOUT_FILENO)
        if code != 0 { throw OutputFailure(code: code) }
    }

    /// The first signal closes the session. The second one means: now, even if nobody reads what is printed.
    private func closeOnSignal(_ session: WebSocketSession, _ loop: EventLoop) throws(EventLoopError) {
        let stop = StopRequest()
        _ = try loop.onSignal([SIGINT, SIGTERM]) { signal in
            guard stop.requestBySignal("\(signal)") else { _exit(ExitStatus.failed.rawValue) }
            Task { await session.close(code: .goingAway) }
        }
    }

    /// Reads on a thread that may block: the task waits for lines, not for the terminal.
    private func sendInput(to session: WebSocketSession) async {
        let queue = DispatchQueue(label: "hawser-input")
        while !Task.isCancelled {
            let line: String? = await withCheckedContinuation { continuation in
                queue.async { continuation.resume(returning: readLine()) }
            }
            guard let line, (try? await session.send(line)) != nil else { return }
        }
    }

    private func closeLater(_ session: WebSocketSession) async {
        guard let duration = options.duration, (try? await Task.sleep(for: duration)) != nil else { return }
        await session.close()
    }

    private func announce(_ session: WebSocketSession) async {
        guard let agreed = await session.agreed else { return }
        let subprotocol = agreed.subprotocol.map { ", subprotocol \($0)" } ?? ""
        let tls = agreed.tls.map { ", \($0)" } ?? ""
        let compression = agreed.compression.map { ", \($0)" } ?? ""
        say("connected to \(agreed.address)\(tls)\(subprotocol)\(compression)")
    }

    private func report(_ report: SessionReport) -> ExitStatus {
        say("\(report.end.outcome.rawValue): \(report.detail); \(report.messages) messages, \(report.bytes) bytes")
        return .done
    }

    private func say(_ text: String) {
        LogStream.writeAll(Array("hawser connect: \(text)\n".utf8), to: STDERR_FILENO)
    }
}

/// Standard output takes nothing any more.
private struct OutputFailure: Error, CustomStringConvertible {
    let code: Int32
    var description: String { "cannot write to standard output: \(SystemError.text(code))" }
}
