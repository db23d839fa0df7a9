import Testing
import WebSocketProtocol

/// A random stream from a server that keeps to the protocol, with what a client must make of it.
private struct RandomStream {
    var bytes: [UInt8] = []
    var events: [FrameEvent] = []
    /// Compresses some of the messages, where permessage-deflate was agreed on.
    private let deflater: ReferenceDeflater?

    init(messages: Int, deflating: Bool = false, using generator: inout SeededGenerator) {
        deflater = deflating ? ReferenceDeflater() : nil
        for _ in 0..<messages {
            addControl(using: &generator)
            addMessage(using: &generator)
        }
        if generator.oneIn(3) {
            let reason = generator.text(generator.pick(0...60))
            bytes += serverFrame(0x88, [0x03, 0xE8] + reason)
            events.append(.close(1000, String(decoding: reason, as: UTF8.self)))
            bytes += generator.bytes(generator.pick(0...40))
        }
    }

    private mutating func addControl(using generator: inout SeededGenerator) {
        guard generator.oneIn(3) else { return }
        let payload = generator.bytes(generator.pick(0...125))
        let isPing = generator.oneIn(2)
        bytes += serverFrame(isPing ? 0x89 : 0x8A, payload)
        events.append(isPing ? .ping(payload) : .pong(payload))
    }

    private mutating func addMessage(using generator: inout SeededGenerator) {
        let sizes = [0...3, 4...20, 100...140, 120...400, 1000...1100]
        let size = generator.pick(sizes[generator.pick(0...sizes.count - 1)])
        let isText = generator.oneIn(2)
        let payload = isText ? generator.text(size) : generator.bytes(size)
        let frames = generator.oneIn(3) ? generator.pick(2...6) : 1
        let isCompressed = deflater != nil && generator.oneIn(2)
        var rest = isCompressed ? deflater?.message(payload)[...] ?? [] : payload[...]
        for frame in 0..<frames {
            let isLast = frame == frames - 1
            let count = isLast ? rest.count : generator.pick(0...rest.count)
            let opcode: UInt8 = frame > 0 ? 0 : (isText ? 1 : 2) | (isCompressed ? 0x40 : 0)
            bytes += serverFrame((isLast ? 0x80 : 0) | opcode, Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
            if !isLast { addControl(using: &generator) }
        }
        events.append(.message(isText ? .text : .binary, payload))
    }

    /// Spoils the stream: bits flipped, bytes put in, taken out or cut off.
    mutating func mutate(using generator: inout SeededGenerator) {
        for _ in 0..<generator.pick(1...4) where !bytes.isEmpty {
            let place = generator.pick(0...bytes.count - 1)
            switch generator.pick(0...5) {
            case 0: bytes[place] ^= 1 << UInt8(generator.pick(0...7))
            case 1: bytes[place] = UInt8(generator.pick(0...255))
            case 2: bytes.insert(UInt8(generator.pick(0...255)), at: place)
            case 3: bytes.remove(at: place)
            case 4: bytes.insert(contentsOf: [0x81, 0x7F] + generator.bytes(8), at: place)
            default: bytes.removeLast(bytes.count - place)
            }
        }
    }
}

@Suite("Frame decoder: properties over random streams")
struct FrameDecoderPropertyTests {
    private static let agreements: [DeflateAgreement?] = [nil, DeflateAgreement()]
    private static let windows = [0, 16, 127, 500, 65_536]

    private func cuttings(_ generator: inout SeededGenerator) -> [[Int]] {
        [[1], [generator.pick(2...9)], (0..<50).map { _ in generator.pick(1...300) }, [.max]]
    }

    @Test(
        "A valid stream gives its events, however it is cut and whatever the window",
        arguments: 1...12 as ClosedRange<UInt64>
    )
    func validStreams(seed: UInt64) {
        for agreement in Self.agreements {
            var generator = SeededGenerator(seed: seed)
            let stream = RandomStream(messages: 12, deflating: agreement != nil, using: &generator)
            for window in Self.windows {
                for cuts in cuttings(&generator) {
                    let result = decode(stream.bytes, window: window, cuts: cuts, deflate: agreement)
                    #expect(
                        result == DecodedStream(events: stream.events),
                        "replay with seed \(seed), window \(window), cuts \(cuts.prefix(3))"
                    )
                }
            }
        }
    }

    @Test(
        "A spoilt stream gives the same events and the same violation, however it is cut",
        arguments: 1...200 as ClosedRange<UInt64>
    )
    func spoiltStreams(seed: UInt64) {
        let agreement = Self.agreements[Int(seed % 2)]
        var generator = SeededGenerator(seed: seed)
        var stream = RandomStream(messages: 5, deflating: agreement != nil, using: &generator)
        stream.mutate(using: &generator)
        let limits = MessageLimits(messageSize: 1500, fragments: 5)
        let whole = decode(stream.bytes, limits: limits, deflate: agreement, checkingProgress: false)
        for window in Self.windows {
            let uncut = decode(
                stream.bytes,
                window: window,
                limits: limits,
                deflate: agreement,
                checkingProgress: false
            )
            for cuts in cuttings(&generator) {
                let result = decode(stream.bytes, window: window, cuts: cuts, limits: limits, deflate: agreement)
                #expect(result == uncut, "replay with seed \(seed), window \(window), cuts \(cuts.prefix(3))")
            }
            // The window decides only how early a compressed frame that never becomes whole is looked into.
            #expect(uncut.events == whole.events, "replay with seed \(seed), window \(window)")
            let isEarly = agreement != nil && whole.violation == nil && whole.leftOver > 0
            #expect(isEarly || uncut.violation == whole.violation, "replay with seed \(seed), window \(window)")
        }
    }

    @Test("Random and spoilt bytes never trap, and never make the decoder hold more than the limit")
    func fuzz() {
        let seed: UInt64 = 0x6455
        print("FrameDecoderPropertyTests.fuzz: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var violations: Set<ProtocolViolation.Rule> = []
        for round in 0..<6000 {
            var stream = RandomStream(messages: 0, using: &generator)
            if round % 3 == 0 {
                stream.bytes = generator.bytes(generator.pick(0...200))
            } else {
                stream = RandomStream(messages: 2, deflating: round % 2 == 0, using: &generator)
                stream.mutate(using: &generator)
            }
            let window = Self.windows[generator.pick(0...Self.windows.count - 1)]
            let cuts = (0..<20).map { _ in generator.pick(1...200) }
            let limits = MessageLimits(messageSize: generator.pick(0...1200), fragments: generator.pick(1...4))
            let agreement = Self.agreements[(round + 1) % 2]
            let result = decode(stream.bytes, window: window, cuts: cuts, limits: limits, deflate: agreement)
            if let rule = result.violation { violations.insert(rule) }
            #expect(!result.isOverLimit, "round \(round)")
        }
        // The fuzz reaches most rules; were it to go blind, this would say so.
        #expect(violations.count >= 13, "only \(violations.map(\.rawValue).sorted())")
    }
}
