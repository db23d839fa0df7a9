import CZlib
import Testing
import WebSocketProtocol

@Suite("permessage-deflate: receiving")
struct InflateTests {
    private static let agreement = DeflateAgreement()

    private func events(
        _ bytes: [UInt8],
        _ agreement: DeflateAgreement = Self.agreement,
        cuts: [Int] = [.max],
        window: Int = 65_536
    ) -> DecodedStream {
        decode(bytes, window: window, cuts: cuts, deflate: agreement)
    }

    @Test("The examples of RFC 7692 section 7.2.3", arguments: [1, 3, Int.max])
    func examples(cut: Int) {
        let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]
        // 7.2.3.1: one block; in two frames; 7.2.3.2: the second message refers to the first.
        #expect(events([0xC1, 0x07] + hello, cuts: [cut]).events == [.text("Hello")])
        let fragments: [UInt8] = [0x41, 0x03, 0xF2, 0x48, 0xCD, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00]
        #expect(events(fragments, cuts: [cut]).events == [.text("Hello")])
        let twice = [0xC1, 0x07] + hello + [0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00]
        #expect(events(twice, cuts: [cut]).events == [.text("Hello"), .text("Hello")])
        // 7.2.3.3: a block that is stored; 7.2.3.4: one marked final; 7.2.3.5: two blocks.
        let stored: [UInt8] = [0xC1, 0x0B, 0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00]
        #expect(events(stored, cuts: [cut]).events == [.text("Hello")])
        let final: [UInt8] = [0xC1, 0x08, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00]
        #expect(events(final + [0xC1, 0x07] + hello, cuts: [cut]).events == [.text("Hello"), .text("Hello")])
        let blocks: [UInt8] = [
            0xC1, 0x0D, 0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00,
        ]
        #expect(events(blocks, cuts: [cut]).events == [.text("Hello")])
        // 7.2.3.6: an empty message.
        #expect(events([0xC1, 0x01, 0x00], cuts: [cut]).events == [.text("")])
    }

    @Test("Uncompressed and empty messages and control frames between compressed ones and their fragments")
    func mixed() {
        let server = ReferenceDeflater()
        let one = server.message(Array("one, one, one".utf8))
        let two = server.message(Array("one, two, one".utf8))
        var bytes = serverFrame(0xC1, one) + serverFrame(0x81, Array("plain".utf8)) + serverFrame(0x82)
        bytes += serverFrame(0x41, Array(two[..<3])) + serverFrame(0x89, [1]) + serverFrame(0x00)
        bytes += serverFrame(0x8A) + serverFrame(0x80, Array(two[3...])) + serverFrame(0xC2, [0x00])
        bytes += serverFrame(0xC1, server.message(Array("one, two, three".utf8)))
        bytes += serverFrame(0x88, [0x03, 0xF4])
        let expected: [FrameEvent] = [
            .text("one, one, one"), .text("plain"), .message(.binary, []), .ping([1]), .pong([]),
            .text("one, two, one"), .message(.binary, []), .text("one, two, three"), .close(1012, ""),
        ]
        for cut in [1, 2, 5, .max] {
            #expect(events(bytes, cuts: [cut]) == DecodedStream(events: expected))
        }
    }

    @Test("A compressed payload of no bytes at all is an empty message, and harms none behind it")
    func nothing() {
        let server = ReferenceDeflater()
        let bytes =
            serverFrame(0xC1) + serverFrame(0xC1, server.message([65])) + serverFrame(0x42) + serverFrame(0x80)
            + serverFrame(0xC1, server.message([65, 65]))
        #expect(events(bytes).events == [.text(""), .text("A"), .message(.binary, []), .text("AA")])
    }

    @Test("A message may end with a block marked final, with or without a byte behind it, anywhere in it")
    func finalBlocks() {
        let server = ReferenceDeflater()
        let hello = Array("Hello, hello, hello".utf8)
        let final = server.finalMessage(hello)
        let without = Array(final.dropLast())
        let later = server.message(hello)
        for payload in [final, without, without + later, without + without + final] {
            let count = payload == final || payload == without ? 1 : payload == without + later ? 2 : 3
            let text = FrameEvent.message(.text, Array(repeatElement(hello, count: count).joined()))
            let next = serverFrame(0xC1, ReferenceDeflater().message([66]))
            for cut in [1, Int.max] {
                let whole = events(serverFrame(0xC1, payload) + next, cuts: [cut])
                #expect(whole == DecodedStream(events: [text, .text("B")]))
                let half = payload.count / 2
                let frames = serverFrame(0x41, Array(payload[..<half])) + serverFrame(0x80, Array(payload[half...]))
                #expect(events(frames + next, cuts: [cut]) == DecodedStream(events: [text, .text("B")]))
            }
        }
    }

    @Test("A deflate stream that is damaged, or stops inside a block, fails")
    func damage() {
        let payload = ReferenceDeflater().message(Array("a text of some length, to be cut".utf8))
        #expect(events(serverFrame(0xC1, [0xFF, 0xFF, 0xFF])).violation == .invalidCompression)
        #expect(events(serverFrame(0xC1, payload + [0x12, 0x34, 0x56])).violation != nil)
        var seen: Set<ProtocolViolation.Rule> = []
        for count in 1..<payload.count {
            // Handing over a part of what was sent would be a silent loss.
            let result = events(serverFrame(0xC1, Array(payload[..<count])))
            #expect(result.events.isEmpty, "cut to \(count)")
            if let violation = result.violation { seen.insert(violation) }
        }
        #expect(seen.isSubset(of: [.invalidCompression, .truncatedCompression]))
        #expect(seen.contains(.truncatedCompression))
        // A message that refers to one that there was not.
        #expect(events([0xC1, 0x05, 0xF2, 0x00, 0x11, 0x00, 0x00]).violation == .invalidCompression)
    }

    @Test("A server that promised to forget its history cannot refer to it")
    func forgetting() {
        let server = ReferenceDeflater()
        let text = Array("the same text, the same text".utf8)
        let bytes = serverFrame(0xC1, server.message(text)) + serverFrame(0xC1, server.message(text))
        #expect(events(bytes).events.count == 2)
        let forgetful = events(bytes, DeflateAgreement(serverNoContextTakeover: true))
        #expect(forgetful.events.count == 1)
        #expect(forgetful.violation == .invalidCompression)
    }

    @Test("Reserved bits: RSV1 on control and continuation frames, RSV2 and RSV3 anywhere", arguments: [1, Int.max])
    func reservedBits(cut: Int) {
        for first: UInt8 in [0xC8, 0xC9, 0xCA, 0xA1, 0x91, 0xE1, 0xD1, 0xF1, 0xB2, 0x99] {
            #expect(events([first, 0x00], cuts: [cut]).violation == .reservedBits, "\(first)")
        }
        let open = serverFrame(0x41, [0xF2, 0x48, 0xCD])
        #expect(events(open + serverFrame(0xC0, [0xC9]), cuts: [cut]).violation == .reservedBits)
        #expect(events(serverFrame(0x01, [65]) + serverFrame(0xC0, [65]), cuts: [cut]).violation == .reservedBits)
    }

    @Test("Text is checked after inflating: whole, in fragments, and over the buffer's size")
    func text() {
        let bad = Array("ü".utf8.prefix(1))
        #expect(events(serverFrame(0xC1, ReferenceDeflater().message(bad))).violation == .invalidText)
        #expect(events(serverFrame(0xC2, ReferenceDeflater().message(bad))).events == [.message(.binary, bad)])
        let long = [UInt8](repeating: 0x78, count: 200_000)
        let good = long + Array("ü".utf8) + long
        #expect(events(serverFrame(0xC1, ReferenceDeflater().message(good))).events == [.message(.text, good)])
        let spoilt = ReferenceDeflater().message(long + bad + long)
        #expect(events(serverFrame(0xC1, spoilt)).violation == .invalidText)
        let server = ReferenceDeflater()
        let first = server.compress(Array("gr\u{FC}n".utf8.prefix(3)), flush: Z_SYNC_FLUSH)
        let second = server.message(Array("gr\u{FC}n".utf8.dropFirst(3)))
        #expect(events(serverFrame(0x41, first) + serverFrame(0x80, second)).events == [.text("grün")])
    }

    @Test("Messages that fill the buffer to the byte, once and more, whole and in fragments", arguments: [-1, 0, 1])
    func fullBuffer(difference: Int) {
        var generator = SeededGenerator(seed: 5)
        for times in 1...3 {
            let size = times * 65_536 + difference
            for message in [[UInt8](repeating: 7, count: size), generator.bytes(size)] {
                let payload = ReferenceDeflater().message(message)
                let half = payload.count / 2
                let fragments = serverFrame(0x42, Array(payload[..<half])) + serverFrame(0x80, Array(payload[half...]))
                for bytes in [serverFrame(0xC2, payload), fragments] {
                    #expect(events(bytes, cuts: [65_536]) == DecodedStream(events: [.message(.binary, message)]))
                }
            }
        }
    }

    @Test("Every window from 8 to 15 bits", arguments: 8...15)
    func windows(bits: Int) {
        // zlib cannot make 8 bits of raw deflate; servers that say 8 use 9.
        let server = ReferenceDeflater(windowBits: Int32(max(bits, 9)))
        var generator = SeededGenerator(seed: UInt64(bits))
        var bytes: [UInt8] = []
        var expected: [FrameEvent] = []
        for _ in 0..<40 {
            let text = generator.text(generator.pick(0...4000)) + generator.bytes(0)
            bytes += serverFrame(0xC1, server.message(text))
            expected.append(.message(.text, text))
        }
        #expect(events(bytes, DeflateAgreement(serverWindowBits: bits), cuts: [777]).events == expected)
    }

    @Test("A reference beyond the agreed window is read as it was meant or refused, never misread")
    func farReference() {
        var generator = SeededGenerator(seed: 1)
        let random = generator.bytes(2000)
        // The second half refers back 2,000 bytes; a window of 9 bits has 512.
        let text = random + random
        let bytes = serverFrame(0xC2, ReferenceDeflater().message(text))
        let narrow = DeflateAgreement(serverWindowBits: 9)
        let meant = DecodedStream(events: [.message(.binary, text)])
        #expect(events(bytes) == meant)
        #expect(events(bytes, narrow) == meant)
        let refused = events(bytes, narrow, cuts: [1], window: 127)
        #expect(refused.violation == .invalidCompression)
        #expect(refused.events.isEmpty)
    }

    @Test("A bomb of 1 GiB in 1 MiB is refused at the limit, with the memory of the limit")
    func bomb() {
        let server = ReferenceDeflater(level: 9)
        let zeros = [UInt8](repeating: 0, count: 16 << 20)
        // Behind a full flush nothing refers to what was before it, so the block may be repeated.
        let block = server.compress(zeros, flush: Z_FULL_FLUSH)
        let payload = Array(repeatElement(block, count: 64).joined().dropLast(4))
        #expect(payload.count < 1_100_000)
        var decoder = FrameDecoder(limits: MessageLimits(messageSize: 1 << 20), window: 65_536)
        decoder.enableDeflate(Self.agreement, sharing: InflateBuffer())
        var recorder = FrameRecorder()
        let frame = serverFrame(0xC2, payload)
        let violation = #expect(throws: ProtocolViolation.self) {
            var rest = frame[...]
            while !rest.isEmpty {
                let taken = try Array(rest.prefix(65_536)).withUnsafeBytes { try decoder.decode($0, to: &recorder) }
                let held = decoder.bufferedBytes
                #expect(held <= 1 << 20)
                rest = rest.dropFirst(taken)
            }
        }
        #expect(violation?.rule == .messageTooBig)
        #expect(recorder.events.isEmpty)
        let hasState = decoder.hasInflateState
        #expect(!hasState)
    }

    @Test("The limit is that of the inflated size, to the byte; blocks without content have a limit of their own")
    func limit() {
        let limits = MessageLimits(messageSize: 1000)
        let message = [UInt8](repeating: 7, count: 1000)
        let good = decode(
            serverFrame(0xC2, ReferenceDeflater().message(message)),
            limits: limits,
            deflate: Self.agreement
        )
        #expect(good.events == [.message(.binary, message)])
        let over = ReferenceDeflater().message(message + [7])
        #expect(decode(serverFrame(0xC2, over), limits: limits, deflate: Self.agreement).violation == .messageTooBig)
        // Random bytes are stored: longer on the wire than the limit, and within it all the same.
        var generator = SeededGenerator(seed: 1)
        let noise = generator.bytes(1000)
        let stored = ReferenceDeflater().message(noise)
        #expect(stored.count > 1000)
        let taken = decode(serverFrame(0xC2, stored), limits: limits, deflate: Self.agreement)
        #expect(taken.events == [.message(.binary, noise)])
        let empty = [UInt8](repeatElement([0x00, 0x00, 0x00, 0xFF, 0xFF], count: 500).joined())
        #expect(decode(serverFrame(0xC2, empty), limits: limits, deflate: Self.agreement).violation == .messageTooBig)
        var frames = serverFrame(0x42, Array(empty[..<1500]))
        frames += serverFrame(0x00, Array(empty[..<1500]))
        #expect(decode(frames, limits: limits, deflate: Self.agreement).violation == .messageTooBig)
    }

    @Test(
        "Released state comes back with its history, or with none where the server forgets",
        arguments: [false, true]
    )
    func release(forgets: Bool) throws {
        let server = ReferenceDeflater()
        var generator = SeededGenerator(seed: 3)
        let agreement = DeflateAgreement(serverNoContextTakeover: forgets)
        var decoder = FrameDecoder(limits: MessageLimits(), window: 65_536)
        decoder.enableDeflate(agreement, sharing: InflateBuffer())
        let hasStateBefore = decoder.hasInflateState
        #expect(!hasStateBefore)
        var recorder = FrameRecorder()
        for round in 0..<30 {
            if forgets { server.reset() }
            let text = generator.text(generator.pick(1...6000))
            let payload = server.message(text)
            let half = payload.count / 2
            for frame in [serverFrame(0x41, Array(payload[..<half])), serverFrame(0x80, Array(payload[half...]))] {
                _ = try frame.withUnsafeBytes { try decoder.decode($0, to: &recorder) }
                let (hasState, isInside) = (decoder.hasInflateState, decoder.hasPartialMessage)
                decoder.releaseInflateState()
                let hasStateStill = decoder.hasInflateState
                #expect(hasState && hasStateStill == isInside)
            }
            #expect(recorder.events.last == .message(.text, text), "round \(round)")
        }
    }

    /// Takes compressed messages one at a time.
    private struct Sparing: FrameReceiver {
        var recorder = FrameRecorder()
        var isFull = false
        var takesMore: Bool { !isFull }

        mutating func receivedMessage(_ kind: MessageKind, _ payload: UnsafeRawBufferPointer) {
            recorder.receivedMessage(kind, payload)
            isFull = true
        }
        mutating func receivedPing(_ payload: UnsafeRawBufferPointer) { recorder.receivedPing(payload) }
        mutating func receivedPong(_ payload: UnsafeRawBufferPointer) { recorder.receivedPong(payload) }
        mutating func receivedClose(_ code: CloseCode, _ reason: String) { recorder.receivedClose(code, reason) }
    }

    @Test("A receiver that takes no more finds the rest where it was")
    func sparing() throws {
        let server = ReferenceDeflater()
        let texts = ["one", "one, two", "one, two, three"]
        let stream = texts.flatMap { serverFrame(0xC1, server.message(Array($0.utf8))) } + serverFrame(0x88)
        var decoder = FrameDecoder(limits: MessageLimits(), window: 65_536)
        decoder.enableDeflate(Self.agreement, sharing: InflateBuffer())
        var receiver = Sparing()
        var rest = stream[...]
        var calls = 0
        while !rest.isEmpty && calls < 9 {
            receiver.isFull = false
            rest = rest.dropFirst(try rest.withUnsafeBytes { try decoder.decode($0, to: &receiver) })
            calls += 1
        }
        #expect(calls == 4)
        #expect(receiver.recorder.events == texts.map { .text($0) } + [.close(1005, "")])
    }
}
