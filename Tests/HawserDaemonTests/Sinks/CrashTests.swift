import Foundation
import TestSupport
import Testing

@testable import HawserDaemon

/// kill -9 at any moment of a process that writes as fast as it can.
@Suite("Crash", .serialized)
struct CrashTests {
    @Test("killed 50 times, the file has whole lines only, each run's records without a hole, and a gap at each start")
    func plain() async throws {
        let folder = try TemporaryDirectory()
        let cuts = try await kill(times: 50, folder, rotation: nil)
        print("\(cuts) of 50 kills hit the inside of a line")
        try expectWhole(try fileLines(folder.file("out.jsonl")), kills: 50)
    }

    @Test("killed while rotating and compressing, each line is there once, plain or packed")
    func rotating() async throws {
        let folder = try TemporaryDirectory()
        _ = try await kill(times: 25, folder, rotation: 300_000)
        var lines: [[String: Any]] = []
        for name in folder.names.dropFirst() {
            let path = folder.file(name)
            // The last start may have been killed while it tidied up.
            if name.hasSuffix(".part") { continue }
            if !name.hasSuffix(".gz"), folder.names.contains(name + ".gz") { continue }
            lines += name.hasSuffix(".gz") ? try jsonLines(await gunzip(path)) : try fileLines(path)
        }
        lines += try fileLines(folder.file("out.jsonl"))
        try expectWhole(lines, kills: 25)
        #expect(folder.names.contains { $0.hasSuffix(".gz") })
    }

    /// Starts a writer, kills it, again and again; at last opens and closes the file as the next start would.
    /// Answers how many torn lines were cut off.
    private func kill(times: Int, _ folder: TemporaryDirectory, rotation: Int?) async throws -> Int {
        var generator = SeededGenerator("crashes")
        let path = folder.file("out.jsonl")
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("SinkCrashWriter").path
        var cuts = 0
        for run in 1...times {
            let child = try RunningProcess(program, [path, "run\(run)"] + (rotation.map { ["\($0)"] } ?? []))
            // Every fifth may be killed before it writes, or even opens the file.
            if run % 5 != 0 { _ = try await child.line(.stdout, containing: "writing") }
            usleep(.random(in: 0...4000, using: &generator))
            child.send(signal: SIGKILL)
            #expect(try await child.awaitExit() == .signal(SIGKILL))
            cuts += child.lines(.stdout).count { $0.hasPrefix("tornTailCut") }
        }
        let options = FileSinkOptions(path: path, rotation: .init(size: rotation.map { Int64($0) }))
        let sink = try FileSink(
            name: "last",
            options: options,
            run: "last",
            subscriptions: ["numbers", "quiet"],
            onEvent: { _ in }
        )
        #expect(await sink.drain(within: .seconds(10)).leftBehindRecords == 0)
        return cuts
    }

    private func expectWhole(_ lines: [[String: Any]], kills: Int) throws {
        var runs: [(name: String, lines: [[String: Any]])] = []
        for line in lines {
            let run = try #require(line["run"] as? String)
            if runs.last?.name != run { runs.append((run, [])) }
            runs[runs.count - 1].lines.append(line)
        }
        #expect(Set(runs.map(\.name)).count == runs.count, "the runs' lines are mixed")
        // A run that was killed before it wrote leaves nothing; the others must have written for this to mean anything.
        #expect(runs.count >= kills * 4 / 5)
        for (index, run) in runs.enumerated() {
            let marks = index == 0 ? 0 : 2
            // A kill may hit in between the two.
            let found = restarts(run.lines)
            #expect(found == Array(["numbers", "quiet"].prefix(marks)) || run.lines.count == 1)
            #expect(restarts(Array(run.lines.prefix(marks))) == found)
            let numbers = sequences(run.lines)
            #expect(numbers == Array(1..<numbers.count + 1))
            #expect(numbers.count + found.count == run.lines.count)
            for line in run.lines where line["mark"] == nil {
                let sequence = try #require(line["seq"] as? Int)
                #expect((line["text"] as? String)?.utf8.count == sequence * 2_654_435_761 % 6000)
            }
        }
    }
}
