import Testing
import WebSocketProtocol

@Suite("Frame decoder")
struct FrameDecoderTests {
    private static let hello = Array("Hello".utf8)

    /// Bytes that break exactly one rule each, at their end.
    private static let offences: [([UInt8], ProtocolViolation.Rule)] = [
        ([0xC1, 0x00], .reservedBits), ([0xA1, 0x00], .reservedBits), ([0x91, 0x00], .reservedBits),
        ([0xC9, 0x00], .reservedBits), ([0x83, 0x00], .reservedOpcode), ([0x87, 0x00], .reservedOpcode),
        ([0x8B, 0x00], .reservedOpcode), ([0x8F, 0x00], .reservedOpcode), ([0x03, 0x00], .reservedOpcode),
        ([0x81, 0x80], .maskedFrame), ([0x81, 0x85], .maskedFrame), ([0x81, 0xFE], .maskedFrame),
        ([0x82, 0xFF], .maskedFrame), ([0x89, 0x80], .maskedFrame), ([0x09, 0x00], .fragmentedControl),
        ([0x08, 0x00], .fragmentedControl), ([0x0A, 0x01], .fragmentedControl), ([0x89, 0x7E], .controlTooLong),
        ([0x8A, 0x7F], .controlTooLong), ([0x88, 0x7E, 0x00, 0x7E], .controlTooLong),
        ([0x82, 0x7E, 0x00, 0x00], .lengthNotMinimal), ([0x82, 0x7E, 0x00, 0x7D], .lengthNotMinimal),
        ([0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF], .lengthNotMinimal),
        ([0x82, 0x7F, 0, 0, 0, 0, 0, 0, 0, 0], .lengthNotMinimal),
        ([0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0], .lengthOutOfRange),
        ([0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .lengthOutOfRange),
        ([0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .messageTooBig),
        ([0x80, 0x00], .continuationWithoutStart), ([0x00, 0x05], .continuationWithoutStart),
        ([0x01, 0x00, 0x81, 0x00], .messageInsideMessage), ([0x02, 0x00, 0x02, 0x00], .messageInsideMessage),
        ([0x88, 0x01, 0x03], .truncatedCloseCode), ([0x88, 0x02, 0x03, 0xED], .invalidCloseCode),
        ([0x88, 0x03, 0x03, 0xE8, 0xFF], .invalidCloseReason),
        ([0x88, 0x04, 0x03, 0xE8, 0xE2, 0x82], .invalidCloseReason),
        ([0x81, 0x01, 0xFF], .invalidText), ([0x81, 0x02, 0xC3, 0x28], .invalidText),
        ([0x81, 0x02, 0xE2, 0x82], .invalidText), ([0x01, 0x01, 0xE2, 0x80, 0x00], .invalidText),
    ]

    @Test("The examples of RFC 6455 section 5.7 that a server may send")
    func examples() {
        #expect(decode([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]).events == [.text("Hello")])
        #expect(decode([0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F]).events == [.text("Hello")])
        #expect(decode([0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F]).events == [.ping(Self.hello)])
        let medium = [UInt8](repeating: 7, count: 256)
        #expect(decode([0x82, 0x7E, 0x01, 0x00] + medium).events == [.message(.binary, medium)])
        let large = [UInt8](repeating: 9, count: 65536)
        #expect(
            decode([0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + large, cuts: [1000]).events == [.message(.binary, large)]
        )
    }

    @Test("Payloads at the edges of the three length forms arrive whole", arguments: [0, 1, 125, 126, 65535, 65536])
    func lengthForms(count: Int) {
        let payload = [UInt8](repeating: UInt8(ascii: "x"), count: count)
        for window in [0, 1024, 65536] {
            for cut in [997, Int.max] {
                let result = decode(serverFrame(0x82, payload) + serverFrame(0x81), window: window, cuts: [cut])
                #expect(result.events == [.message(.binary, payload), .text("")])
                #expect(result.leftOver == 0)
            }
        }
    }

    @Test("Each rule of framing has its violation", arguments: offences)
    func violations(bytes: [UInt8], rule: ProtocolViolation.Rule) {
        let before = serverFrame(0x82, [1]) + serverFrame(0x8A)
        let expected = DecodedStream(events: [.message(.binary, [1]), .pong([])], violation: rule)
        #expect(decode(before + bytes) == expected)
        #expect(decode(before + bytes, cuts: [1]) == expected)
    }

    @Test("Every rule has an offence above, its close code and its section")
    func rules() {
        // The limit of fragments and the rules of compression have tests of their own.
        let others: Set<ProtocolViolation.Rule> = [
            .tooManyFragments, .invalidCompression, .truncatedCompression, .noInflateMemory,
        ]
        #expect(Set(Self.offences.map(\.1)).union(others) == Set(ProtocolViolation.Rule.allCases))
        for rule in ProtocolViolation.Rule.allCases {
            let violation = ProtocolViolation(rule)
            #expect(violation.description == "\(rule.text) (\(rule.section))")
            #expect(rule.section.hasPrefix("RFC 6455 section ") || rule.section.hasPrefix("RFC 7692 section "))
            let expected: CloseCode =
                switch rule {
                case .invalidText, .invalidCloseReason: .invalidPayload
                case .invalidCompression, .truncatedCompression: .noStatus
                case .noInflateMemory: .internalError
                case .messageTooBig, .tooManyFragments: .messageTooBig
                default: .protocolError
                }
            #expect(violation.closeCode == expected)
        }
    }

    @Test("Control frames between fragments come at once, and the message after them")
    func interleavedControl() {
        let stream =
            serverFrame(0x01, Array("Hel".utf8)) + serverFrame(0x89, [1, 2]) + serverFrame(0x00)
            + serverFrame(0x8A) + serverFrame(0x00, Array("lo".utf8)) + serverFrame(0x80)
        let expected: [FrameEvent] = [.ping([1, 2]), .pong([]), .text("Hello")]
        for window in [0, 65536] {
            for cut in [1, 2, 3, Int.max] {
                #expect(decode(stream, window: window, cuts: [cut]).events == expected)
            }
        }
    }

    @Test("A scalar may be split between fragments, at every byte")
    func splitScalars() {
        let text = Array("aé€😀".utf8)
        for cut in 0...text.count {
            let stream = serverFrame(0x01, Array(text[..<cut])) + serverFrame(0x80, Array(text[cut...]))
            #expect(decode(stream).events == [.message(.text, text)])
        }
    }

    @Test("Invalid text in fragments fails with the fragment that has it, not at the end of the message")
    func earlyTextFailure() {
        let stream = serverFrame(0x01, Array("ok".utf8)) + serverFrame(0x00, [0x41, 0xED, 0xA0])
        #expect(decode(stream).violation == .invalidText)
        let isCut = serverFrame(0x01, Array("ok".utf8)) + serverFrame(0x00, [0x41, 0xED, 0x9F])
        #expect(decode(isCut).violation == nil)
        #expect(decode(isCut).hasPartialMessage)
    }

    @Test("After a Close frame everything is taken and ignored")
    func afterClose() {
        let stream =
            serverFrame(0x88, [0x03, 0xF4] + Array("restart".utf8)) + serverFrame(0x81, [0xFF]) + [0xFF, 0xFF, 0xFF]
        for cut in [1, 5, Int.max] {
            let result = decode(stream, cuts: [cut])
            #expect(result == DecodedStream(events: [.close(1012, "restart")]))
        }
    }

    @Test("A Close frame inside a fragmented message ends it")
    func closeInsideMessage() {
        let result = decode(serverFrame(0x01, Self.hello) + serverFrame(0x88) + serverFrame(0x80))
        #expect(result == DecodedStream(events: [.close(1005, "")]))
    }

    @Test("After a violation nothing more is reported")
    func afterViolation() throws {
        var decoder = FrameDecoder(limits: MessageLimits(), window: 1024)
        var recorder = FrameRecorder()
        #expect(throws: ProtocolViolation(.reservedBits)) {
            _ = try [0xF1 as UInt8, 0x00].withUnsafeBytes { try decoder.decode($0, to: &recorder) }
        }
        let taken = try serverFrame(0x81).withUnsafeBytes { try decoder.decode($0, to: &recorder) }
        #expect(taken == 2)
        #expect(recorder.events.isEmpty)
    }

    @Test("An offer of no bytes takes none")
    func emptyOffer() throws {
        var decoder = FrameDecoder(limits: MessageLimits(), window: 1024)
        var recorder = FrameRecorder()
        let ofNothing = try decoder.decode(UnsafeRawBufferPointer(start: nil, count: 0), to: &recorder)
        let ofEmpty = try [UInt8]().withUnsafeBytes { try decoder.decode($0, to: &recorder) }
        #expect(ofNothing == 0)
        #expect(ofEmpty == 0)
    }
}
