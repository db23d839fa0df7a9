import TestSupport
import Testing

@testable import HawserHTTP

/// gzip, deflate, br and zstd, cut and spoilt in every way.
@Suite("Content codings")
struct ContentDecodingTests {
    /// What came of a content.
    private struct Outcome {
        var bytes: [UInt8] = []
        var fault: String?
        var isRefused = false
    }

    /// Decodes `coded` in pieces as `cut` says, into so small a room, for a reader that is full now and then.
    private static func decode(
        _ coded: [UInt8],
        _ coding: ContentCoding,
        room size: Int = 256,
        limit: Int = .max,
        cut: () -> Int = { .max },
        isFull: () -> Bool = { false }
    ) throws -> Outcome {
        var decoding = try ContentDecoding(coding)
        var outcome = Outcome()
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { room.deallocate() }
        var start = 0
        while start < coded.count {
            // What was refused comes again, in whatever pieces.
            let end = min(coded.count, start + min(max(1, cut()), coded.count))
            let piece = Array(coded[start..<end])
            let answer = piece.withUnsafeBytes { bytes in
                decoding.take(bytes, room: room) { decoded in
                    if isFull() { return .full }
                    guard outcome.bytes.count + decoded.count <= limit else { return .failed }
                    outcome.bytes += decoded
                    return .taken
                }
            }
            switch answer {
            case .taken: start = end
            case .later: break
            case .failed(let fault):
                outcome.fault = fault?.problem
                outcome.isRefused = fault == nil
                return outcome
            }
        }
        outcome.fault = decoding.faultAtEnd?.problem
        return outcome
    }

    @Test(
        "every coding yields what went in, however it is cut, however small the room, however slow the reader",
        arguments: CodedContent.all
    )
    func wholeContents(_ content: CodedContent) throws {
        let whole = try Self.decode(content.coded, content.coding)
        #expect(whole.bytes == content.plain && whole.fault == nil)
        var random = SeededGenerator("content codings")
        for _ in 0..<200 {
            let size = Int.random(in: 1...300, using: &random)
            let longest = Int.random(in: 1...64, using: &random)
            var other = SeededGenerator(seed: random.next())
            let outcome = try Self.decode(
                content.coded,
                content.coding,
                room: size,
                cut: { Int.random(in: 1...longest, using: &random) },
                isFull: { Bool.random(using: &other) }
            )
            #expect(outcome.bytes == content.plain && outcome.fault == nil, "seed \(random.seed)")
        }
    }

    @Test("a content that is cut off anywhere is found out; what came before is right", arguments: CodedContent.all)
    func cutContents(_ content: CodedContent) throws {
        let isTwofold = content.plain.count > CodedContent.lines.count
        for length in 1..<content.coded.count where !(isTwofold && length == content.coded.count / 2) {
            let outcome = try Self.decode(Array(content.coded[..<length]), content.coding)
            #expect(outcome.fault != nil, "cut at \(length)")
            #expect(content.plain.starts(with: outcome.bytes), "cut at \(length)")
        }
    }

    @Test(
        "a content that is spoilt anywhere does no harm, and where there is a checksum it is found out",
        arguments: CodedContent.all
    )
    func spoiltContents(_ content: CodedContent) throws {
        var random = SeededGenerator("spoilt contents")
        let isChecked = content.name != "br" && !content.name.contains("without")
        for _ in 0..<1_000 {
            var coded = content.coded
            let place = Int.random(in: 0..<coded.count, using: &random)
            coded[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let outcome = try Self.decode(coded, content.coding, limit: 1 << 20)
            // Some bits of a gzip head, such as the time, mean nothing to the content.
            #expect(!isChecked || outcome.fault != nil || outcome.isRefused || outcome.bytes == content.plain)
        }
    }

    @Test("noise and nothing are neither a crash nor a content")
    func noise() throws {
        var random = SeededGenerator("noise")
        for coding in ContentCoding.allCases {
            #expect(try Self.decode([], coding).fault == nil, "no content at all is none, whatever its coding")
            for _ in 0..<2_000 {
                let noise = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                _ = try Self.decode(noise, coding, limit: 1 << 20)
            }
        }
    }

    @Test("zeros behind the end of a gzip or br content are dropped, anything else is a fault")
    func padding() throws {
        for content in CodedContent.all where ["gzip", "br"].contains(content.name) {
            let spoilt = try Self.decode(content.coded + [0, 0, 7, 9], content.coding)
            #expect(spoilt.fault?.contains("follows the end") == true)
            let outcome = try Self.decode(content.coded + [0, 0, 0], content.coding)
            #expect(outcome.bytes == content.plain && outcome.fault == nil, "\(content.name): \(outcome.fault ?? "-")")
        }
    }

    @Test("a limit ends a content that grows beyond all measure; a zstd window of more than 8 MiB is refused")
    func limits() throws {
        let zeros = [UInt8](repeating: 0, count: 64 << 20)
        let outcome = try Self.decode(CodedContent.zstd(zeros), .zstd, room: 64 << 10, limit: 1 << 20)
        #expect(outcome.isRefused && outcome.bytes.count == 1 << 20)
        let wide = try Self.decode(CodedContent.zstd(CodedContent.lines, windowBits: 24), .zstd)
        #expect(wide.fault?.contains("memory") == true, "\(wide)")
        let fitting = try Self.decode(CodedContent.zstd(CodedContent.lines, windowBits: 23), .zstd)
        #expect(fitting.bytes == CodedContent.lines && fitting.fault == nil)
    }
}
