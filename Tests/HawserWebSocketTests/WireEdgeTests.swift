import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import Transport

/// The edges of RFC 6455 and RFC 7692 on the wire, each whole in the segment of the 101, and one byte at a time, with and
/// without permessage-deflate.
@Suite struct WireEdgeTests {
    /// How the server's bytes arrive.
    struct Arrival: Sendable, CustomTestStringConvertible {
        var isCompressed: Bool
        var isInPieces: Bool

        static let all = [false, true].flatMap { compressed in
            [false, true].map { Arrival(isCompressed: compressed, isInPieces: $0) }
        }

        var testDescription: String {
            (isCompressed ? "deflate" : "plain") + (isInPieces ? ", byte by byte" : ", at once")
        }

        /// A server that sends `frames` this way, and ends its side of the connection when the client has sent its Close.
        func server(_ frames: [WireFrame]) throws -> FaultServer {
            let bytes = frames.flatMap(\.bytes)
            let fields = isCompressed ? [("Sec-WebSocket-Extensions", "permessage-deflate")] : []
            return try FaultServer { connection in
                try connection.upgrade(fields: fields, followedBy: isInPieces ? [] : bytes)
                if isInPieces { try connection.send(bytes, inPiecesOf: 1) }
                while try connection.readFrame().opcode != 8 {}
                connection.stream.shutdownWriting()
                try connection.readToEnd()
            }
        }

        /// Holds a session with such a server.
        func hold(_ frames: [WireFrame]) async throws -> (held: HeldSession, closes: [UInt16?]) {
            let server = try server(frames)
            let held = try await withLoop { try await SessionRunner($0).hold(server.url()) }
            try await eventually("our Close has arrived") { !server.closes.isEmpty }
            let closes = server.closes.map(\.closeCode)
            server.stop()
            return (held, closes)
        }
    }

    @Test(
        "What follows the first Close is ignored: a second one, messages, and what would be a violation",
        arguments: Arrival.all
    )
    func afterClose(_ arrival: Arrival) async throws {
        let (held, closes) = try await arrival.hold([
            .text("before"), .close(1000, "first"), .close(1002, "second"), .text("after"), .ping([1]),
            WireFrame(opcode: 3, reserved: 7),
        ])
        #expect(held.messages == [.text("before")])
        #expect(held.report.end.outcome == .peerClosed)
        #expect(held.report.end.closeCode == 1000)
        #expect(held.report.end.closeReason == "first")
        #expect(closes == [1000])
    }

    @Test(
        "A Close in the middle of a fragmented message ends the session; the half message is dropped",
        arguments: Arrival.all
    )
    func closeInMessage(_ arrival: Arrival) async throws {
        let (held, closes) = try await arrival.hold([
            WireFrame(opcode: 1, Array("half".utf8), fin: false), .close(1001), WireFrame(opcode: 0, [65]),
        ])
        #expect(held.messages.isEmpty)
        #expect(held.report.end.outcome == .peerClosed)
        #expect(held.report.end.closeCode == 1001)
        #expect(closes == [1001])
    }

    @Test(
        "Messages of every size and kind, empty ones and control frames among them, arrive as they were sent",
        arguments: Arrival.all
    )
    func everything(_ arrival: Arrival) async throws {
        let long = String(repeating: "é", count: 200)
        let (held, _) = try await arrival.hold([
            .text(""), .binary([]), .ping(), .text("é"), .pong(), WireFrame(opcode: 1, fin: false),
            WireFrame(opcode: 0, [0xC3], fin: false), .ping([1]), WireFrame(opcode: 0, [0xA9]), .binary([0, 255]),
            .text(long), WireFrame(opcode: 2, fin: false), WireFrame(opcode: 0), .close(nil),
        ])
        #expect(
            held.messages == [
                .text(""), .binary([]), .text("é"), .text("é"), .binary([0, 255]), .text(long), .binary([]),
            ]
        )
        #expect(held.report.end.outcome == .peerClosed)
        #expect(held.report.end.closeCode == 1005)
    }

    @Test(
        "A server that breaks the framing is told so, and what came before it counts",
        arguments: Arrival.all,
        [
            WireFrame(opcode: 1, [65], maskingKey: 0x0102_0304), WireFrame(opcode: 1, [65], reserved: 2),
            WireFrame(opcode: 1, [65], reserved: 1), WireFrame(opcode: 2, [65], reserved: 3),
            WireFrame(opcode: 9, reserved: 4), WireFrame(opcode: 8, reserved: 4), WireFrame(opcode: 9, reserved: 2),
            WireFrame(opcode: 8, [0x03]), WireFrame(opcode: 0, [65], reserved: 4),
        ]
    )
    func violations(_ arrival: Arrival, _ frame: WireFrame) async throws {
        let (held, closes) = try await arrival.hold([.text("good"), frame, .text("never")])
        #expect(held.messages == [.text("good")])
        #expect(held.report.end.outcome == .protocolError)
        #expect(closes == [1002])
    }

    @Test("RSV1 stands on a message's first frame only, and only under deflate", arguments: Arrival.all)
    func compressedBit(_ arrival: Arrival) async throws {
        let (held, _) = try await arrival.hold([
            WireFrame(opcode: 1, [0xF2, 0x48], fin: false, reserved: arrival.isCompressed ? 4 : 0),
            WireFrame(opcode: 0, [0xCD], fin: false, reserved: 4),
        ])
        #expect(held.messages.isEmpty)
        #expect(held.report.end.outcome == .protocolError)
    }

    @Test("What is no deflate data fails the connection, whole or in fragments", arguments: [false, true])
    func notDeflate(_ isFragmented: Bool) async throws {
        let garbage: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x12, 0x34]
        let frames =
            isFragmented
            ? [WireFrame(opcode: 2, garbage, fin: false, reserved: 4), WireFrame(opcode: 0, garbage)]
            : [WireFrame(opcode: 2, garbage, reserved: 4)]
        let (held, _) = try await Arrival(isCompressed: true, isInPieces: false).hold(frames)
        #expect(held.messages.isEmpty)
        #expect(held.report.end.outcome == .protocolError)
    }

    @Test(
        "A close code is reported as it is",
        arguments: [1000, 1001, 1003, 1008, 1009, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] as [UInt16]
    )
    func closeCodes(_ code: UInt16) async throws {
        let (held, closes) = try await Arrival(isCompressed: false, isInPieces: false).hold([.close(code, "why")])
        #expect(held.report.end.closeCode == code)
        #expect(held.report.end.closeReason == "why")
        #expect(held.report.end.wasClean)
        #expect(closes == [code])
    }

    @Test(
        "A close code that may not be sent is a violation",
        arguments: [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] as [UInt16]
    )
    func invalidCloseCodes(_ code: UInt16) async throws {
        let (held, closes) = try await Arrival(isCompressed: false, isInPieces: false).hold([.close(code, "why")])
        #expect(held.report.end.outcome == .protocolError)
        #expect(closes == [1002])
    }
}
