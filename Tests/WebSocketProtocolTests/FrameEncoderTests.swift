import Testing
import WebSocketProtocol

@Suite("Frame encoder and masking")
struct FrameEncoderTests {
    /// A frame as a server would read it.
    private struct ReadFrame: Equatable {
        var first: UInt8
        var payload: [UInt8]
        var sizeOfHead: Int
    }

    private func encode(_ opcode: Opcode, fin: Bool = true, _ payload: [UInt8], key: UInt32) -> [UInt8] {
        var output: [UInt8] = []
        payload.withUnsafeBytes { FrameEncoder.append(opcode, fin: fin, $0, maskingKey: key, to: &output) }
        return output
    }

    /// Reads one masked frame byte by byte, by the letter of section 5.2.
    private func read(_ frame: [UInt8]) throws -> ReadFrame {
        let first = try #require(frame.first)
        let second = try #require(frame.dropFirst().first)
        var rest = frame.dropFirst(2)
        #expect(second & 0x80 != 0, "a client masks")
        var length = Int(second & 0x7F)
        if length >= 126 {
            let size = length == 126 ? 2 : 8
            length = rest.prefix(size).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(size)
        }
        let key = Array(rest.prefix(4))
        rest = rest.dropFirst(4)
        #expect(rest.count == length)
        let payload = zip(0..., rest).map { $1 ^ key[$0 % 4] }
        return ReadFrame(first: first, payload: payload, sizeOfHead: frame.count - length)
    }

    @Test("The masked examples of RFC 6455 section 5.7")
    func examples() {
        let masked: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(encode(.text, Array("Hello".utf8), key: 0x37FA_213D) == masked)
        let pong: [UInt8] = [0x8A] + masked.dropFirst()
        #expect(encode(.pong, Array("Hello".utf8), key: 0x37FA_213D) == pong)
    }

    @Test(
        "Lengths take their shortest form",
        arguments: [(0, 6), (1, 6), (125, 6), (126, 8), (127, 8), (65535, 8), (65536, 14), (70000, 14)]
    )
    func lengths(count: Int, sizeOfHead: Int) throws {
        var generator = SeededGenerator(seed: UInt64(count))
        let payload = generator.bytes(count)
        let frame = try read(encode(.binary, payload, key: 0x0102_0304))
        #expect(frame == ReadFrame(first: 0x82, payload: payload, sizeOfHead: sizeOfHead))
    }

    @Test("Fragments and control frames have their first byte")
    func firstBytes() throws {
        #expect(try read(encode(.text, fin: false, [1], key: 7)).first == 0x01)
        #expect(try read(encode(.continuation, fin: false, [1], key: 7)).first == 0x00)
        #expect(try read(encode(.continuation, [1], key: 7)).first == 0x80)
        #expect(try read(encode(.ping, [UInt8](repeating: 1, count: 125), key: 7)).first == 0x89)
    }

    @Test("Frames are appended behind what is there, and only they are masked")
    func appending() throws {
        var output: [UInt8] = [1, 2, 3]
        [UInt8](repeating: 9, count: 40).withUnsafeBytes {
            FrameEncoder.append(.binary, $0, maskingKey: .max, to: &output)
            FrameEncoder.append(.binary, $0, maskingKey: 0, to: &output)
        }
        #expect(output.prefix(3) == [1, 2, 3])
        #expect(output.count == 3 + 2 * 46)
        #expect(output[9..<49].allSatisfy { $0 == 0xF6 })
        #expect(output.suffix(40).allSatisfy { $0 == 9 })
    }

    @Test("Masking is byte by byte with the key, at every length and alignment, and undoes itself")
    func masking() {
        var generator = SeededGenerator(seed: 53)
        let key: UInt32 = 0xA1B2_C3D4
        let octets: [UInt8] = [0xA1, 0xB2, 0xC3, 0xD4]
        for offset in 0...8 {
            for count in 0...130 {
                let original = generator.bytes(offset + count + 3)
                var bytes = original
                func apply() {
                    bytes.withUnsafeMutableBytes {
                        Masking.apply(key, to: .init(rebasing: $0[offset..<offset + count]))
                    }
                }
                apply()
                let expected = zip(0..., original).map { index, byte in
                    (offset..<offset + count).contains(index) ? byte ^ octets[(index - offset) % 4] : byte
                }
                if bytes != expected { Issue.record("offset \(offset), count \(count)") }
                apply()
                if bytes != original { Issue.record("undone: offset \(offset), count \(count)") }
            }
        }
        Masking.apply(key, to: UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }

    @Test("A Close frame carries code and reason; the reason is cut between scalars at 123 bytes")
    func close() throws {
        func payload(_ code: CloseCode?, _ reason: String) throws -> [UInt8] {
            var output: [UInt8] = []
            FrameEncoder.appendClose(code, reason: reason, maskingKey: 0xDEAD_BEEF, to: &output)
            let frame = try read(output)
            #expect(frame.first == 0x88)
            return frame.payload
        }
        #expect(try payload(.normal, "bye") == [0x03, 0xE8] + Array("bye".utf8))
        #expect(try payload(.goingAway, "") == [0x03, 0xE9])
        #expect(try payload(nil, "ignored") == [])
        #expect(try payload(.noStatus, "ignored") == [])
        #expect(try payload(.abnormal, "ignored") == [])
        let ascii = String(repeating: "x", count: 200)
        #expect(try payload(.normal, ascii).count == 125)
        // 121 bytes and a scalar of three: it does not fit, and what follows must not take its place.
        let split = String(repeating: "x", count: 121) + "€yz"
        #expect(try payload(.normal, split) == [0x03, 0xE8] + [UInt8](repeating: 0x78, count: 121))
        let fits = String(repeating: "x", count: 120) + "€yz"
        #expect(try payload(.normal, fits) == [0x03, 0xE8] + [UInt8](repeating: 0x78, count: 120) + Array("€".utf8))
    }

    @Test("Close codes that may be on the wire are those of section 7.4 and the registry")
    func closeCodes() {
        let allowed = Set(1000...1003).union(1007...1014).union(3000...4999)
        for raw in UInt16.min...UInt16.max {
            let code = CloseCode(rawValue: raw)
            if code.mayBeSent != allowed.contains(Int(raw)) || code.mayBeReceived != code.mayBeSent {
                Issue.record("\(raw)")
            }
        }
        #expect(CloseCode.serviceRestart.description == "1012 (service restart)")
        #expect(CloseCode(rawValue: 4003).description == "4003")
    }

    @Test("A peer's Close with any code is taken or refused by the same table")
    func receivedCloseCodes() {
        for raw in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] as [UInt16] {
            let frame = serverFrame(0x88, [UInt8(raw >> 8), UInt8(raw & 0xFF)])
            #expect(decode(frame).violation == .invalidCloseCode, "\(raw)")
        }
        for raw in [1000, 1003, 1007, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] as [UInt16] {
            let frame = serverFrame(0x88, [UInt8(raw >> 8), UInt8(raw & 0xFF)])
            #expect(decode(frame).events == [.close(raw, "")], "\(raw)")
        }
    }
}
