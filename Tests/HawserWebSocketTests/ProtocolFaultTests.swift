import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport

/// Each way in which a server can break RFC 6455 ends its connection with the right outcome and Close code, and no other.
@Suite struct ProtocolFaultTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        var behaviour: FaultBehaviour
        var outcome: Outcome
        /// The code of the Close that the server must get; nil if the session never opened.
        var closeCode: UInt16?
        /// What the report must say.
        var detail: String
        /// Whether the server never answers, so that only a timeout ends it.
        var isSilent: Bool { outcome == .dialFailed }
        var testDescription: String { name }

        init(_ name: String, _ behaviour: FaultBehaviour, _ outcome: Outcome, _ code: UInt16?, _ detail: String) {
            self.name = name
            self.behaviour = behaviour
            self.outcome = outcome
            closeCode = code
            self.detail = detail
        }
    }

    static let openingFaults: [Fault] = [
        Fault("garbage", .garbageInsteadOfHTTP, .protocolError, nil, "HTTP"),
        Fault("endless header", .endlessHeader, .protocolError, nil, "16"),
        Fault("wrong Accept", .wrongAccept, .protocolError, nil, "Accept"),
        Fault("stops in the header", .stopsInHeader, .dialFailed, nil, "opening handshake within 300ms"),
        Fault("silence", .silentAfterAccept, .dialFailed, nil, "opening handshake within 300ms"),
    ]

    static let frameFaults: [Fault] = [
        Fault("RSV1", .reservedBits(4), .protocolError, 1002, "reserved bit"),
        Fault("RSV2", .reservedBits(2), .protocolError, 1002, "reserved bit"),
        Fault("RSV3", .reservedBits(1), .protocolError, 1002, "reserved bit"),
        Fault("opcode 3", .unknownOpcode(3), .protocolError, 1002, "opcode"),
        Fault("opcode 15", .unknownOpcode(15), .protocolError, 1002, "opcode"),
        Fault("length over 2^63", .hugeLength(), .protocolError, 1002, "2^63"),
        Fault("length of 2^62", .hugeLength(1 << 62), .tooBig, 1009, "limit"),
        Fault("masked frame", .maskedFrame, .protocolError, 1002, "masked"),
        Fault("continuation first", .continuationWithoutStart, .protocolError, 1002, "continu"),
        Fault("message in message", .messageInsideMessage, .protocolError, 1002, "message"),
        Fault("fragmented ping", .fragmentedControl, .protocolError, 1002, "fragmented"),
        Fault("long ping", .longControl, .protocolError, 1002, "125"),
        Fault("bad UTF-8", .badUTF8, .protocolError, 1007, "UTF-8"),
        Fault("Close of one byte", .closePayload([3]), .protocolError, 1002, "Close"),
        Fault("Close with 1005", .closePayload([0x03, 0xED]), .protocolError, 1002, "Close"),
        Fault("Close reason not UTF-8", .closePayload([0x03, 0xE8, 0xC0]), .protocolError, 1007, "UTF-8"),
        Fault("5 MiB message", .message(ofBytes: 5 << 20), .tooBig, 1009, "limit"),
    ]

    @Test("An answer that is not an opening handshake fails the dial", arguments: openingFaults)
    func openingFault(_ fault: Fault) async throws {
        let server = try FaultServer(fault.behaviour)
        let held = try await withLoop { loop in
            let runner = SessionRunner(loop)
            return try await (fault.isSilent ? runner.impatient : runner).hold(server.url())
        }
        #expect(held.report.end.outcome == fault.outcome)
        #expect(held.report.end.stage == .upgrading)
        #expect(held.report.detail.contains(fault.detail), "\(held.report.detail)")
        #expect(held.openings == 0)
        #expect(held.ends == 1)
        server.stop()
    }

    @Test("A broken frame fails the connection with its Close code", arguments: frameFaults)
    func frameFault(_ fault: Fault) async throws {
        let server = try FaultServer(fault.behaviour)
        let held = try await withLoop { loop in
            var runner = SessionRunner(loop)
            // These servers do not answer our Close.
            runner.configuration.timeouts.close = .milliseconds(100)
            return try await runner.hold(server.url())
        }
        #expect(held.report.end.outcome == fault.outcome)
        #expect(held.report.end.closeCode == fault.closeCode)
        #expect(held.report.detail.contains(fault.detail), "\(held.report.detail)")
        #expect(held.openings == 1)
        #expect(held.ends == 1)
        try await eventually("the server got our Close") { !server.closes.isEmpty }
        #expect(server.closes.map(\.closeCode) == [fault.closeCode])
        server.stop()
    }

    @Test("A broken connection does not disturb its neighbour on the same loop")
    func neighbours() async throws {
        let bad = try FaultServer(.reservedBits(7))
        let good = try FaultServer(.numbered(1_000, then: .close(1000)))
        try await withLoop { loop in
            var runner = SessionRunner(loop)
            runner.configuration.timeouts.close = .milliseconds(100)
            async let wellHeld = runner.hold(good.url())
            for _ in 0..<20 {
                let held = try await runner.hold(bad.url())
                #expect(held.report.end.outcome == .protocolError)
            }
            let held = try await wellHeld
            #expect(held.messages.count == 1_000)
            #expect(held.report.end.outcome == .peerClosed)
        }
        bad.stop()
        good.stop()
    }
}
