import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport
import WebSocketProtocol

/// Whole sessions with servers that do not share a line of code with ours.
@Suite struct SessionInteropTests {
    @Test("text and binary of every size class come back as they were sent", arguments: InteropServer.Kind.allCases)
    func echo(kind: InteropServer.Kind) async throws {
        try await connect(kind, "/echo") { session in
            var messages = session.messages.makeAsyncIterator()
            for size in [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20] {
                let text = String(repeating: "é", count: size / 2) + String(repeating: "x", count: size % 2)
                try await session.send(text)
                expectSame(try await messages.next(), .text(text))
                try await session.send(pattern(size))
                expectSame(try await messages.next(), .binary(pattern(size)))
            }
            let report = await session.close(code: CloseCode(rawValue: 4001), reason: "enough")
            #expect(report.end.outcome == .shutdown)
            #expect(report.end.wasClean)
        }
    }

    @Test("10,000 messages arrive in order, then the server's Close", arguments: InteropServer.Kind.allCases)
    func counted(kind: InteropServer.Kind) async throws {
        try await connect(kind, "/count/10000") { session in
            var last = 0
            for try await message in session.messages {
                last += 1
                #expect(message == .text("{\"n\":\(last)}"))
            }
            #expect(last == 10_000)
            let report = await session.close()
            #expect(report.end.outcome == .peerClosed)
            #expect(report.end.closeCode == 1000)
            #expect(report.end.wasClean)
        }
    }

    @Test("all messages before a dropped connection are delivered", arguments: InteropServer.Kind.allCases)
    func dropped(kind: InteropServer.Kind) async throws {
        let texts = Collected<WebSocketMessage>()
        let report = try await endOfSession(kind, "/drop/500") { texts.append($0) }
        #expect(report.end.outcome == .peerVanished)
        let isComplete = texts.values == (1...500).map { .text("{\"n\":\($0)}") }
        #expect(isComplete, "\(texts.count) messages, the last \(String(describing: texts.values.last))")
    }

    @Test(
        "the server's close code and reason are reported as they are",
        arguments: InteropServer.Kind.allCases,
        [1000, 1001, 1008, 1011, 1012, 1013, 3000, 4999] as [UInt16]
    )
    func closeCodes(kind: InteropServer.Kind, code: UInt16) async throws {
        try await connect(kind, "/close/\(code)") { session in
            for try await message in session.messages { Issue.record("an unexpected message: \(message)") }
            let report = await session.close()
            #expect(report.end.outcome == .peerClosed)
            #expect(report.end.closeCode == code)
            #expect(report.end.closeReason == "as asked")
            #expect(report.end.wasClean)
        }
    }

    @Test(
        "fragmented messages are whole, also cut inside a character and with a Ping between",
        arguments: InteropServer.Kind.allCases
    )
    func fragments(kind: InteropServer.Kind) async throws {
        try await connect(kind, "/fragments") { session in
            var messages: [WebSocketMessage] = []
            for try await message in session.messages { messages.append(message) }
            let piece = pattern(1000)
            #expect(messages.first == .text("one two thr€e"))
            expectSame(messages.last, .binary(piece + piece + piece + piece))
            #expect(messages.count == 2)
        }
    }

    @Test(
        "a message just within the limit arrives, a larger one ends the session",
        arguments: InteropServer.Kind.allCases
    )
    func large(kind: InteropServer.Kind) async throws {
        let limit = MessageLimits().messageSize
        try await connect(kind, "/big/\(limit)") { session in
            var messages = session.messages.makeAsyncIterator()
            expectSame(try await messages.next(), .binary(pattern(limit)))
        }
        let report = try await endOfSession(kind, "/big/\(limit + 1)") { Issue.record("of \($0.byteCount) bytes") }
        #expect(report.end.outcome == .tooBig)
        #expect(report.end.closeCode == 1009)
    }

    @Test("fifty sessions at once, each with its own messages", arguments: InteropServer.Kind.allCases)
    func manyAtOnce(kind: InteropServer.Kind) async throws {
        let server = try await InteropServer.shared(kind)
        let client = try WebSocketClient()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...50 {
                group.addTask {
                    try await client.connect(to: server.url("/echo"), configuration: configuration(server)) { session in
                        var messages = session.messages.makeAsyncIterator()
                        for round in 1...20 {
                            try await session.send("\(number) \(round)")
                            #expect(try await messages.next() == .text("\(number) \(round)"))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        await client.shutdown()
    }

    /// How a session that ends with an error ended.
    private func endOfSession(
        _ kind: InteropServer.Kind,
        _ route: String,
        _ receive: @escaping @Sendable (WebSocketMessage) -> Void
    ) async throws -> SessionReport {
        do {
            try await connect(kind, route) { session in
                for try await message in session.messages { receive(message) }
            }
        } catch WebSocketError.ended(let report) {
            return report
        }
        throw NeverHappened(what: "an error of \(route)", limit: .zero)
    }
}

/// Without printing megabytes when it fails.
private func expectSame(
    _ message: WebSocketMessage?,
    _ expected: WebSocketMessage,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let isSame = message == expected
    #expect(isSame, "\(message?.byteCount ?? -1) bytes", sourceLocation: sourceLocation)
}
