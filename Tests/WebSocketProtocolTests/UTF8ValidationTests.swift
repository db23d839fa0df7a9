import Testing
import WebSocketProtocol

@Suite("UTF-8 validation")
struct UTF8ValidationTests {
    private func isValid(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { UTF8Validation.isValid($0) }
    }

    private func wholeScalars(_ bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBytes { UTF8Validation.wholeScalars(in: $0) }
    }

    private func isValidToString(_ bytes: [UInt8]) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    /// Bytes at the edges of every rule.
    private static let edges: [UInt8] = [
        0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF,
        0xF0,
        0xF1, 0xF3, 0xF4, 0xF5, 0xF7, 0xF8, 0xFF,
    ]

    @Test("Two bytes of any value are valid exactly if String says so")
    func allPairs() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max where isValid([first, second]) != isValidToString([first, second]) {
                Issue.record("\(first) \(second)")
            }
        }
    }

    @Test("Sequences of up to four bytes at the edges are valid exactly if String says so, also inside longer text")
    func edgeSequences() {
        let tail = Array(" and ASCII that is long enough for the wide loops, well over sixty-four bytes of it".utf8)
        for first in Self.edges where first >= 0x80 {
            for second in Self.edges {
                for third in Self.edges {
                    let three = [first, second, third]
                    if isValid(three) != isValidToString(three) { Issue.record("\(three)") }
                    for fourth in Self.edges where first >= 0xE0 {
                        let four = three + [fourth]
                        if isValid(four) != isValidToString(four) { Issue.record("\(four)") }
                    }
                }
                let inside = tail + [first, second] + tail
                #expect(isValid(inside) == isValidToString(inside), "\([first, second])")
            }
        }
    }

    @Test("One wrong byte is found at every place of every length up to 200")
    func everyPlace() {
        for count in 0...200 {
            var bytes = [UInt8](repeating: UInt8(ascii: "x"), count: count)
            #expect(isValid(bytes))
            for place in bytes.indices {
                bytes[place] = 0xFF
                if isValid(bytes) || wholeScalars(bytes) != nil { Issue.record("length \(count), place \(place)") }
                bytes[place] = UInt8(ascii: "x")
            }
        }
    }

    @Test("Random text, whole and spoilt, is valid exactly if String says so")
    func randomText() {
        let seed: UInt64 = 0x3629
        print("UTF8ValidationTests.randomText: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        var invalid = 0
        for _ in 0..<3000 {
            var bytes = generator.text(generator.pick(0...150))
            #expect(isValid(bytes))
            for _ in 0..<generator.pick(0...2) where !bytes.isEmpty {
                let place = generator.pick(0...bytes.count - 1)
                if generator.oneIn(2) {
                    bytes[place] = Self.edges[generator.pick(0...Self.edges.count - 1)]
                } else {
                    bytes.remove(at: place)
                }
            }
            if !isValidToString(bytes) { invalid += 1 }
            #expect(isValid(bytes) == isValidToString(bytes), "\(bytes)")
        }
        #expect(invalid > 500)
    }

    @Test("A cut scalar is a beginning exactly if some bytes complete it")
    func beginnings() {
        let completions: [[UInt8]] = [0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF].flatMap { first -> [[UInt8]] in
            [[first], [first, 0x80], [first, 0x80, 0x80]]
        }
        var cuts: [[UInt8]] = Self.edges.map { [$0] }
        cuts += Self.edges.flatMap { first in Self.edges.map { [first, $0] } }
        cuts += Self.edges.flatMap { first in
            Self.edges.flatMap { second in Self.edges.map { [first, second, $0] } }
        }
        for cut in cuts {
            let canBeCompleted = isValidToString(cut) || completions.contains { isValidToString(cut + $0) }
            if (wholeScalars(cut) != nil) != canBeCompleted { Issue.record("\(cut)") }
        }
    }

    @Test("What is left behind the whole scalars is the beginning of one")
    func leftBehind() {
        #expect(wholeScalars([]) == 0)
        #expect(wholeScalars(Array("aé".utf8)) == 3)
        #expect(wholeScalars(Array("aé".utf8) + [0xF0, 0x9F, 0x98]) == 3)
        #expect(wholeScalars([0xE2, 0x82]) == 0)
        #expect(wholeScalars([0xE2, 0x82, 0xAC, 0xC3]) == 3)
        #expect(wholeScalars([0xC3, 0x41]) == nil)
    }
}
