import Foundation
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Torn tail")
struct TornTailTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func open(_ bytes: [UInt8]) throws -> RecordFile {
        let path = try folder.write(bytes, to: "out.jsonl")
        let file = try RecordFile.open(path, operations: .system)
        FileOperations.system.close(file.descriptor)
        return file
    }

    @Test("whatever stands behind the last line break is cut, over all edges of a block")
    func cut() throws {
        for head in [0, 1, 10, 65_535, 65_536, 65_537, 200_000] {
            for tail in [0, 1, 65_534, 65_535, 65_536, 65_537, 150_000] {
                let line = head == 0 ? [] : [UInt8](repeating: UInt8(ascii: "a"), count: head - 1) + [0x0A]
                let torn = tail == 0 ? [] : [UInt8(ascii: "{")] + [UInt8](repeating: 0x61, count: tail - 1)
                let file = try open(line + torn)
                #expect(file.tornBytes == Int64(tail))
                #expect(file.size == Int64(head))
                #expect(file.hadContent == (head + tail > 0))
                #expect(folder.text(of: "out.jsonl")?.utf8.count == head)
            }
        }
    }

    @Test("zeros, as a power cut leaves them, are a torn tail")
    func zeros() throws {
        #expect(try open(Array("{}\n".utf8) + [UInt8](repeating: 0, count: 5000)).size == 3)
        #expect(try open([UInt8](repeating: 0, count: 5000)).size == 0)
    }

    @Test("a file of something else without any line break is refused and left as it is")
    func foreign() throws {
        let bytes = Array("SQLite format 3".utf8)
        #expect {
            try open(bytes)
        } throws: { error in
            (error as? SinkError)?.problem == .notRecords
        }
        #expect(folder.text(of: "out.jsonl") == "SQLite format 3")
    }
}
