import MonotonicTime
import Transport

/// The feed server of `hawser demo`: three feeds on loopback that show what the daemon is for.
///
/// - `/ticker` sends a numbered JSON message 20 times a second.
/// - `/flaky` numbers its messages too, five a second, and cuts the TCP connection every few seconds; its numbers go on
///   meanwhile, so that the hole can be seen.
/// - `/quiet` says one hello, and closes the session after 5 s without a ping from the client.
///
/// Any other upgrade is answered with 404, a plain GET of `/` with a line of text. It runs on the event loop that it is
/// given, which has to outlive it: await ``stop()`` before the loop's `shutdown()`.
public final class DemoFeedServer: Sendable {
    private let loop: EventLoop
    private let port: UInt16
    private let server: LoopBound<LibwebsocketsServer>

    /// A server that is not started yet.
    ///
    /// - Parameters:
    ///   - loop: runs the server; may have other work.
    ///   - port: the port on 127.0.0.1; 0 for any that is free.
    ///   - seed: decides the prices and when connections are cut.
    public convenience init(loop: EventLoop, port: UInt16 = 0, seed: UInt64 = .random(in: 0...UInt64.max)) {
        self.init(loop: loop, port: port, seed: seed, timing: DemoTiming())
    }

    package init(loop: EventLoop, port: UInt16 = 0, seed: UInt64, timing: DemoTiming) {
        self.loop = loop
        self.port = port
        let feeds = DemoFeeds(loop: loop, seed: seed, timing: timing)
        server = LoopBound(LibwebsocketsServer(loop: loop, handler: feeds), to: loop)
    }

    /// Listens, and returns the port.
    ///
    /// - Throws: ``ServerError``, e.g. if the port is taken.
    @discardableResult
    public func start() async throws -> UInt16 {
        let (server, port) = (server, port)
        return try await loop.run {
            try server.value.start(.ipv4Loopback(port: port))
            return server.value.port
        }
    }

    /// Closes every session with 1001 and stops listening. Returns, within about half a second, when nothing of the
    /// server is left. Idempotent.
    public func stop() async {
        let server = server
        await withCheckedContinuation { continuation in
            loop.submit { server.value.stop { continuation.resume() } }
        }
    }

    /// Connections at this moment.
    package var connectionCount: Int {
        get async {
            let server = server
            return await loop.run { server.value.connectionCount }
        }
    }
}

/// How fast the demo feeds are; tests take shorter times.
package struct DemoTiming: Hashable, Sendable {
    /// Between two messages of `/ticker`.
    package var tick: Duration = .milliseconds(50)
    /// Between two messages of `/flaky`.
    package var flakyTick: Duration = .milliseconds(200)
    /// The shortest and the longest life of a connection to `/flaky`.
    package var flakyLife: ClosedRange<Duration> = .seconds(3)...(.seconds(7))
    /// How long `/quiet` bears a client that sends nothing.
    package var quietPatience: Duration = .seconds(5)

    /// The demo's own values.
    package init() {}
}
