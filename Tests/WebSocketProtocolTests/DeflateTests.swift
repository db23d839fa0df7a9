import Testing
import WebSocketProtocol

@Suite("permessage-deflate: sending")
struct DeflateTests {
    private func compress(
        _ deflater: MessageDeflater,
        _ fragments: [[UInt8]]
    ) -> [[UInt8]] {
        fragments.indices.map { index in
            var output: [UInt8] = [0xAB]
            let isDone = fragments[index].withUnsafeBytes {
                deflater.append($0, isFinal: index == fragments.count - 1, to: &output)
            }
            #expect(isDone)
            #expect(output.first == 0xAB)
            return Array(output.dropFirst())
        }
    }

    @Test("The first examples of RFC 7692 section 7.2.3 come out byte for byte")
    func examples() {
        let deflater = MessageDeflater(DeflateAgreement(), memory: CompressionPolicy.standardMemory)
        let hello = Array("Hello".utf8)
        #expect(!deflater.hasState)
        #expect(compress(deflater, [hello]) == [[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]])
        #expect(compress(deflater, [hello]) == [[0xF2, 0x00, 0x11, 0x00, 0x00]])
        #expect(compress(deflater, [[]]) == [[0x00]])
        #expect(deflater.hasState)
        deflater.release()
        #expect(!deflater.hasState)
        #expect(compress(deflater, [hello]) == [[0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]])
    }

    @Test("What is sent keeps to the agreed window and history, in fragments and whole", arguments: 8...15)
    func windows(bits: Int) {
        for forgets in [false, true] {
            for memory in [0, CompressionPolicy.standardMemory, 1 << 20] {
                let agreement = DeflateAgreement(clientNoContextTakeover: forgets, clientWindowBits: bits)
                let deflater = MessageDeflater(agreement, memory: memory)
                let server = ReferenceInflater(windowBits: Int32(bits), forgets: forgets)
                var generator = SeededGenerator(seed: UInt64(bits))
                for round in 0..<12 {
                    let size = round == 9 ? 50_000 : generator.pick(0...3000)
                    let payload = round % 3 == 0 ? generator.bytes(size) : generator.text(size)
                    let cut = generator.pick(0...payload.count)
                    let fragments = round % 2 == 0 ? [payload] : [Array(payload[..<cut]), [], Array(payload[cut...])]
                    let sent = compress(deflater, fragments).flatMap(\.self)
                    #expect(server.message(sent) == payload, "round \(round), memory \(memory)")
                    // A sender may drop its history whenever it likes.
                    if round % 5 == 4 { deflater.release() }
                }
            }
        }
    }

    @Test("Text that repeats itself becomes smaller, also within 8 bits")
    func ratio() {
        let text = Array(String(repeating: #"{"price":1.0,"size":        10},"#, count: 40).utf8)
        let wide = compress(MessageDeflater(DeflateAgreement(), memory: 1 << 18), [text])[0]
        #expect(wide.count < text.count / 10)
        let narrow = compress(MessageDeflater(DeflateAgreement(clientWindowBits: 8), memory: 1 << 18), [text])[0]
        #expect(narrow.count < text.count * 3 / 4)
    }

    @Test("Each frame says in RSV1 whether its message is compressed")
    func frames() {
        var output: [UInt8] = []
        [UInt8]([1, 2]).withUnsafeBytes {
            FrameEncoder.append(.text, fin: false, isCompressed: true, $0, maskingKey: 0, to: &output)
            FrameEncoder.append(.continuation, fin: true, $0, maskingKey: 0, to: &output)
            FrameEncoder.append(.binary, isCompressed: true, $0, maskingKey: 0, to: &output)
        }
        #expect(output == [0x41, 0x82, 0, 0, 0, 0, 1, 2, 0x80, 0x82, 0, 0, 0, 0, 1, 2, 0xC2, 0x82, 0, 0, 0, 0, 1, 2])
    }
}
