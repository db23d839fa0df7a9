import TestSupport
import Testing

@testable import Transport

/// libwebsockets has one log for the process, so each test of it has a process of its own.
@Suite("Library log")
struct LibraryLogTests {
    @Test("nothing of libwebsockets reaches the standard error stream")
    func silence() async throws {
        let child = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            try await withLoop { loop in
                let connection = await Connection.dial(loop, .host("127.0.0.1", port: try DeadPort().port))
                try await connection.over()
            }
        }
        let text = String(decoding: child?.standardErrorContent ?? [], as: UTF8.self)
        #expect(!text.contains("lws") && !text.contains("libwebsockets"), "\(text)")
    }

    @Test("a sink gets the lines of the level it asks for, one by one, and none after it has gone")
    func sink() async throws {
        await #expect(processExitsWith: .success) {
            let lines = Collected<String>()
            LibraryLog.redirect(level: .notice) { level, line in
                #expect(level >= .notice)
                lines.append(line)
            }
            try await withLoop { _ in }
            #expect(lines.values.contains { $0.contains("foreign event loop") }, "\(lines.values)")
            #expect(lines.values.allSatisfy { !$0.contains("\n") && !$0.isEmpty }, "\(lines.values)")
            LibraryLog.redirect(to: nil)
            let count = lines.count
            try await withLoop { _ in }
            #expect(lines.count == count)
        }
    }
}
