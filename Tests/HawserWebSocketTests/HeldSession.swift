import ConnectionLifecycle
import HawserWebSocket
import NameResolution
import Synchronization
import Transport
import WebSocketProtocol

/// What one connection told its handler, from beginning to end.
struct HeldSession: Sendable {
    var report: SessionReport
    var messages: [WebSocketMessage]
    var openings: Int
    var ends: Int
}

/// Dials one connection and waits for its end.
struct SessionRunner: Sendable {
    var loop: EventLoop
    var resolver = NameResolver()
    var configuration = WebSocketConfiguration()
    var tls: TLSContext?

    init(_ loop: EventLoop) {
        self.loop = loop
        // Generous: on a busy machine a good peer may be slow, and only tests of a timeout should meet one.
        configuration.timeouts = Self.timeouts(stage: .seconds(20), close: .seconds(2))
    }

    /// One limit for every stage of the dial, and more than that for all together.
    static func timeouts(stage: Duration, close: Duration) -> SessionTimeouts {
        SessionTimeouts(
            dns: stage,
            tcp: stage,
            proxy: stage,
            tls: stage,
            upgrade: stage,
            dial: stage * 4,
            close: close
        )
    }

    /// The same runner with little patience, for peers that never answer.
    var impatient: SessionRunner {
        var copy = self
        copy.configuration.timeouts = Self.timeouts(stage: .milliseconds(300), close: .milliseconds(200))
        return copy
    }

    /// Holds a session with `url` until it ends.
    ///
    /// - Parameters:
    ///   - onStart: called on the loop right after the dial began.
    ///   - onOpen: called on the loop when the session opened.
    ///   - onMessage: called on the loop after each message.
    func hold(
        _ url: String,
        onStart: @escaping @Sendable (WebSocketConnection) -> Void = { _ in },
        onOpen: @escaping @Sendable (WebSocketConnection) -> Void = { _ in },
        onMessage: @escaping @Sendable (WebSocketConnection, Int) -> Void = { _, _ in }
    ) async throws -> HeldSession {
        let parsed = try WebSocketURL(url)
        return await withCheckedContinuation { continuation in
            loop.submit { [self] in
                let handler = RecordingHandler(onOpen: onOpen, onMessage: onMessage) {
                    continuation.resume(returning: $0)
                }
                let connection = WebSocketConnection(
                    loop: loop,
                    resolver: resolver,
                    url: parsed,
                    tls: tls,
                    configuration: configuration,
                    handler: handler
                )
                handler.connection = connection
                connection.start()
                onStart(connection)
            }
        }
    }
}

/// Collects what a connection says; confined to its loop.
private final class RecordingHandler: WebSocketHandler {
    var connection: WebSocketConnection?
    private let onOpen: (WebSocketConnection) -> Void
    private let onMessage: (WebSocketConnection, Int) -> Void
    private let onEnd: (HeldSession) -> Void
    private var messages: [WebSocketMessage] = []
    private var openings = 0
    private var ends = 0

    init(
        onOpen: @escaping (WebSocketConnection) -> Void,
        onMessage: @escaping (WebSocketConnection, Int) -> Void,
        onEnd: @escaping (HeldSession) -> Void
    ) {
        self.onOpen = onOpen
        self.onMessage = onMessage
        self.onEnd = onEnd
    }

    func webSocketOpened(_ opening: Opening) {
        openings += 1
        if let connection { onOpen(connection) }
    }

    func webSocketReceived(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        switch kind {
        case .text: messages.append(.text(String(decoding: payload, as: UTF8.self)))
        case .binary: messages.append(.binary(Array(payload)))
        }
        if let connection { onMessage(connection, messages.count) }
    }

    func webSocketDrained() {}

    func webSocketEnded(_ report: SessionReport) {
        ends += 1
        connection = nil
        onEnd(HeldSession(report: report, messages: messages, openings: openings, ends: ends))
    }
}

/// Runs `body` with an event loop of its own and ends the loop afterwards.
func withLoop<Result>(_ body: (EventLoop) async throws -> Result) async throws -> Result {
    let loop = try EventLoop()
    do {
        let result = try await body(loop)
        await loop.shutdown()
        return result
    } catch {
        await loop.shutdown()
        throw error
    }
}
