import Testing
import WebSocketProtocol

/// Notes where the payloads it is lent lie.
private struct AddressRecorder: FrameReceiver {
    var addresses: [UnsafeRawPointer?] = []

    mutating func receivedMessage(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
        addresses.append(payload.baseAddress)
    }

    mutating func receivedPing(_ payload: UnsafeRawBufferPointer) {}
    mutating func receivedPong(_ payload: UnsafeRawBufferPointer) {}
    mutating func receivedClose(_ code: CloseCode, _ reason: String) {}
}

@Suite("Frame decoder: limits and memory")
struct FrameDecoderMemoryTests {
    @Test("A message of exactly the limit passes, one byte more is 1009 before its payload is there")
    func messageSize() {
        let limits = MessageLimits(messageSize: 100, fragments: 10)
        let full = [UInt8](repeating: 1, count: 100)
        #expect(decode(serverFrame(0x82, full), limits: limits).events == [.message(.binary, full)])
        #expect(decode([0x82, 101], limits: limits).violation == .messageTooBig)
        #expect(decode([0x82, 126, 0xFF, 0xFF], limits: limits).violation == .messageTooBig)
        #expect(decode([0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0], limits: limits).violation == .messageTooBig)
    }

    @Test("The size limit holds over all fragments, and starts anew with each message")
    func fragmentedSize() {
        let limits = MessageLimits(messageSize: 100, fragments: 10)
        let half = [UInt8](repeating: 1, count: 50)
        let message = serverFrame(0x02, half) + serverFrame(0x80, half)
        let whole = FrameEvent.message(.binary, half + half)
        #expect(decode(message + message, limits: limits).events == [whole, whole])
        let over = decode(serverFrame(0x02, half) + serverFrame(0x00, half) + [0x80, 1], limits: limits)
        #expect(over == DecodedStream(violation: .messageTooBig))
    }

    @Test("A length at the top of the range cannot overflow the sum with what is there")
    func lengthOverflow() {
        let limits = MessageLimits(messageSize: .max, fragments: .max)
        let stream = serverFrame(0x02, [1]) + [0x80, 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3]
        #expect(decode(stream, limits: limits).violation == .messageTooBig)
        // Without a limit an absurd length is believed, but reserves only what a buffer may run ahead of its bytes.
        let alone = decode([0x82, 127, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3], limits: limits)
        #expect(alone.violation == nil)
        #expect(alone.hasPartialMessage)
    }

    @Test("The limit of fragments counts empty ones, and starts anew with each message")
    func fragments() {
        let limits = MessageLimits(messageSize: 100, fragments: 3)
        let three = serverFrame(0x01) + serverFrame(0x00) + serverFrame(0x80)
        #expect(decode(three + three, limits: limits).events == [.text(""), .text("")])
        let four = serverFrame(0x01) + serverFrame(0x00) + serverFrame(0x00) + serverFrame(0x00)
        #expect(
            decode(three + four, limits: limits) == DecodedStream(events: [.text("")], violation: .tooManyFragments)
        )
        // Control frames are not fragments of the message they interrupt.
        let pings = serverFrame(0x01) + serverFrame(0x89) + serverFrame(0x89) + serverFrame(0x00) + serverFrame(0x80)
        #expect(decode(pings, limits: limits).events == [.ping([]), .ping([]), .text("")])
    }

    @Test("Limits below their minimum count as the minimum")
    func smallLimits() {
        let limits = MessageLimits(messageSize: -5, fragments: 0)
        #expect(decode(serverFrame(0x81), limits: limits).events == [.text("")])
        #expect(decode(serverFrame(0x81, [1]), limits: limits).violation == .messageTooBig)
        #expect(decode(serverFrame(0x01) + serverFrame(0x80), limits: limits).violation == .tooManyFragments)
    }

    @Test("Whole messages are lent where they lie, also the last fragment's neighbours")
    func zeroCopy() throws {
        var decoder = FrameDecoder(limits: MessageLimits(), window: 4096)
        var recorder = AddressRecorder()
        let stream =
            serverFrame(0x81, Array("abc".utf8)) + serverFrame(0x82, [UInt8](repeating: 0, count: 300))
            + serverFrame(0x82, [UInt8](repeating: 0, count: 70_000))
        try stream.withUnsafeBytes { bytes in
            let taken = try decoder.decode(bytes, to: &recorder)
            #expect(taken == bytes.count)
            let start = bytes.baseAddress
            #expect(recorder.addresses == [start.map { $0 + 2 }, start.map { $0 + 9 }, start.map { $0 + 319 }])
        }
        let held = decoder.bufferedBytes
        #expect(held == 0)
    }

    @Test("A frame that fits the window stays with the caller; a longer one streams into the decoder")
    func window() throws {
        var decoder = FrameDecoder(limits: MessageLimits(), window: 200)
        var recorder = FrameRecorder()
        /// What is taken of `bytes`, what is held afterwards, and whether that is part of a message.
        func offer(_ bytes: [UInt8]) throws -> [Int] {
            let taken = try bytes.withUnsafeBytes { try decoder.decode($0, to: &recorder) }
            return [taken, decoder.bufferedBytes, decoder.hasPartialMessage ? 1 : 0]
        }
        let fits = serverFrame(0x82, [UInt8](repeating: 1, count: 196))
        #expect(try offer(fits.dropLast()) == [0, 0, 0])
        let longer = serverFrame(0x82, [UInt8](repeating: 1, count: 197))
        #expect(try offer(longer.dropLast()) == [200, 196, 1])
        #expect(recorder.events.isEmpty)
        #expect(try offer([1]) == [1, 0, 0])
        #expect(recorder.events == [.message(.binary, [UInt8](repeating: 1, count: 197))])
    }

    @Test("A message of several megabytes arrives whole in small reads")
    func largeMessage() {
        var generator = SeededGenerator(seed: 3)
        let payload = generator.text(200_000) + [UInt8](repeating: UInt8(ascii: "a"), count: 3_000_000)
        let result = decode(serverFrame(0x81, payload), cuts: [65_536])
        #expect(result.events == [.message(.text, payload)])
    }

    @Test("Long payloads read to where they belong give the same as those that are copied", arguments: [0, 1])
    func room(spoilt: Int) {
        var generator = SeededGenerator(seed: 11)
        var stream = serverFrame(0x82, [1])
        var events: [FrameEvent] = [.message(.binary, [1])]
        for size in [32_767, 32_768, 65_526, 65_527, 100_000, 131_072, 300_000, 2_500_000] {
            let text = generator.text(size)
            stream += serverFrame(0x81, text) + serverFrame(0x89, [7])
            events += [.message(.text, text), .ping([7])]
            let cut = generator.pick(0...size)
            stream +=
                serverFrame(0x02, Array(text[..<cut])) + serverFrame(0x8A) + serverFrame(0x80, Array(text[cut...]))
            events += [.pong([]), .message(.binary, text)]
        }
        if spoilt == 1 { stream[stream.count - 2_000_000] = 0xFF }
        for cuts in [[65_536], [.max], [10, 200_000, 3], [7001]] {
            let result = decode(stream, cuts: cuts, usingRoom: true)
            #expect(result == decode(stream, cuts: cuts), "cuts \(cuts)")
            #expect(result.events == events || spoilt == 1, "cuts \(cuts)")
        }
    }

    @Test("There is room only for what is owed, and none for short or compressed payloads")
    func roomSize() throws {
        var decoder = FrameDecoder(limits: MessageLimits(), window: 65_536)
        decoder.enableDeflate(DeflateAgreement(), sharing: InflateBuffer())
        var recorder = FrameRecorder()
        func room(after bytes: [UInt8]) throws -> Int? {
            let taken = try bytes.withUnsafeBytes { try decoder.decode($0, to: &recorder) }
            #expect(taken == bytes.count)
            return decoder.payloadRoom()?.count
        }
        #expect(try room(after: []) == nil)
        let start = serverFrame(0x82, [UInt8](repeating: 3, count: 800_000)).prefix(10)
        #expect(try room(after: Array(start)) == 524_288)
        #expect(try room(after: [UInt8](repeating: 3, count: 750_000)) == 50_000)
        // Bytes that are not in the stream cannot be committed.
        try decoder.receivePayload(inRoom: 1 << 40, to: &recorder)
        #expect(recorder.events.count == 1)
        #expect(try room(after: Array(serverFrame(0xC2, [UInt8](repeating: 3, count: 100_000)).prefix(10))) == nil)
    }
}
