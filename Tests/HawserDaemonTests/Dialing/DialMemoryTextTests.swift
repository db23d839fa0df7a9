import ConnectionLifecycle
import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Memory of dials: text")
struct DialMemoryTextTests {
    private static let clock = DialMemory.Clock(
        boot: "5cf0d1f0-8d6e-4f0e-9d7c-2f5b0a7e9a11",
        monotonic: Instant(nanoseconds: 123_456_789_012),
        wall: 1_764_200_000_123_456_789
    )
    private static let memory = DialMemory(
        hosts: [
            DialMemory.Host(
                name: "feed.example",
                ends: [Instant(nanoseconds: 1), Instant(nanoseconds: 123_000_000_000)],
                running: 2
            ),
            DialMemory.Host(name: "/run/a %b\nc-ü.sock", heldUntil: Instant(nanoseconds: .max)),
            DialMemory.Host(name: "-", running: 1),
            DialMemory.Host(name: "", ends: [Instant(nanoseconds: .min)]),
        ],
        assumedFull: Instant(nanoseconds: -5)
    )

    @Test("what is written is read")
    func roundTrip() throws {
        for memory in [Self.memory, DialMemory()] {
            let read = try #require(DialMemoryText.decode(DialMemoryText.encode(memory, at: Self.clock)))
            #expect(read.memory == memory)
            #expect(read.clock == Self.clock)
        }
        let unknown = DialMemory.Clock(boot: "", monotonic: .origin, wall: 0)
        #expect(DialMemoryText.decode(DialMemoryText.encode(Self.memory, at: unknown))?.clock == unknown)
    }

    @Test("torn anywhere, or with a byte changed or added, it is not read")
    func torn() {
        let bytes = DialMemoryText.encode(Self.memory, at: Self.clock)
        for length in bytes.indices { #expect(DialMemoryText.decode(Array(bytes[..<length])) == nil, "\(length)") }
        for index in bytes.indices {
            for change in [1, 0x20, 0x80] as [UInt8] {
                var wrong = bytes
                wrong[index] ^= change
                #expect(DialMemoryText.decode(wrong) == nil, "\(index)")
            }
        }
        #expect(DialMemoryText.decode(bytes + [10]) == nil)
        #expect(DialMemoryText.decode(bytes + bytes) == nil)
    }

    @Test("foreign and random content is not read, however right its checksum is")
    func foreign() {
        var generator = SeededGenerator("foreign memories of dials")
        let words = ["host", "clock", "full", "end", "-", "a", "1", "-1", "9223372036854775808", "%", "%zz", "", "%C3"]
        for text in ["", "\n", "hawser-dials 2\n", "{}\n", "hawser-dials 1\nclock a 1 1\n"] {
            #expect(DialMemoryText.decode(sealed(text)) == nil, "\(text)")
        }
        for _ in 0..<2_000 {
            let lines = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                    words[Int.random(in: words.indices, using: &generator)]
                }.joined(separator: " ") + "\n"
            }
            // Whatever it says, it is read or it is not; it never ends the process.
            _ = DialMemoryText.decode(sealed("hawser-dials 1\nclock b 5 6\nfull -\n" + lines.joined()))
            let noise = (0..<Int.random(in: 0...200, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            #expect(DialMemoryText.decode(noise) == nil)
        }
    }

    /// `text` as if it had been written: with its checksum.
    private func sealed(_ text: String) -> [UInt8] {
        var table = UInt32.max
        for byte in text.utf8 {
            table ^= UInt32(byte)
            for _ in 0..<8 { table = table & 1 == 1 ? table >> 1 ^ 0xEDB8_8320 : table >> 1 }
        }
        return Array((text + "end \(String(~table, radix: 16))\n").utf8)
    }
}
