import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport
import WebSocketProtocol

/// The closing handshake, from this side (RFC 6455 sections 5.5.1, 7.1 and 7.4).
@Suite struct ClosingTests {
    @Test(
        "A code that may be sent is sent",
        arguments: [1000, 1001, 1002, 1003, 1007, 1010, 1011, 1012, 1013, 1014, 3000, 4999] as [UInt16]
    )
    func goodCodes(_ code: UInt16) async throws {
        let close = try await closeSent(with: code, reason: "done")
        #expect(close?.closeCode == code)
        #expect(close?.closeReason == "done")
    }

    @Test(
        "A code that may not stand in a Close frame gives one without code and reason",
        arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] as [UInt16]
    )
    func badCodes(_ code: UInt16) async throws {
        #expect(try await closeSent(with: code, reason: "done")?.payload == [])
    }

    @Test("A reason is cut to 123 bytes between scalars")
    func longReason() async throws {
        let close = try await closeSent(with: 1000, reason: String(repeating: "€", count: 60))
        #expect(close?.closeReason == String(repeating: "€", count: 41))
        #expect(close?.payload.count == 125)
    }

    @Test("What arrives before the server's Close can still be received after our own")
    func lateMessages() async throws {
        let server = try FaultServer { connection in
            try connection.upgrade()
            try connection.expectClose()
            try connection.sendText("late")
            try connection.sendClose(1000)
        }
        try await WebSocketClient.connect(to: server.url()) { session in
            let report = await session.close()
            #expect(report.end.outcome == .shutdown)
            #expect(report.end.wasClean)
            let late = try await session.receive()
            #expect(late == [.text("late")])
            #expect(try await session.receive() == [])
        }
        server.stop()
    }

    @Test("Every caller of close awaits the same end")
    func severalCallers() async throws {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            let outcomes = await withTaskGroup(of: Outcome.self) { group in
                for code: UInt16 in 4000...4010 {
                    group.addTask { await session.close(code: CloseCode(rawValue: code)).end.outcome }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes == [Outcome](repeating: .shutdown, count: 11))
        }
        #expect(server.closes.count == 1)
        server.stop()
    }

    private func closeSent(with code: UInt16, reason: String) async throws -> WireFrame? {
        let server = try FaultServer(.echo)
        try await WebSocketClient.connect(to: server.url()) { session in
            let report = await session.close(code: CloseCode(rawValue: code), reason: reason)
            #expect(report.end.wasClean)
        }
        let close = server.closes.first
        #expect(server.closes.count == 1)
        server.stop()
        return close
    }
}
