import Glibc
import TestSupport
import Testing

@Suite struct RunningProcessTests {
    @Test("both streams are collected as lines, the last one even unfinished, and the status is reported")
    func output() async throws {
        let process = try RunningProcess("/bin/sh", ["-c", "echo one; echo two >&2; printf 'th\\nree'; exit 7"])
        #expect(try await process.awaitExit() == .status(7))
        #expect(process.lines(.stdout) == ["one", "th", "ree"])
        #expect(process.lines(.stderr) == ["two"])
        process.send(signal: SIGKILL)
    }

    @Test("input reaches it, a line can be awaited, the environment is passed on")
    func input() async throws {
        let process = try RunningProcess(
            "/bin/sh",
            ["-c", "read x; echo $x $GREETING; cat"],
            environment: ["GREETING": "b=c"]
        )
        try process.write("a\n")
        #expect(try await process.line(.stdout, containing: "a") == "a b=c")
        process.closeInput()
        #expect(try await process.awaitExit() == .status(0))
        await #expect(throws: NeverHappened.self) { try await process.line(.stdout, containing: "z") }
    }

    @Test("signals end it; one that ignores SIGTERM is killed")
    func signals() async throws {
        let willing = try RunningProcess("/bin/sleep", ["1000"])
        #expect(try await willing.terminate() == .signal(SIGTERM))
        let stubborn = try RunningProcess("/bin/sh", ["-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"])
        _ = try await stubborn.line(.stdout, containing: "ready")
        #expect(try await stubborn.terminate(grace: .milliseconds(100)) == .signal(SIGKILL))
        #expect(throws: SystemCallError.self) { try RunningProcess("/nonexistent/program") }
    }

    @Test("a forgotten process is killed and reaped, and nothing is left of it")
    func forgotten() async {
        await #expect(processExitsWith: .success) {
            let before = await ProcessCensus.baseline()
            var process: RunningProcess? = try RunningProcess("/bin/sleep", ["1000"])
            let pid = try #require(process?.pid)
            #expect(kill(pid, 0) == 0)
            process = nil
            #expect(kill(pid, 0) == -1)
            let left = await before.leftOver()
            #expect(left.isEmpty, "left over: \(left)")
        }
    }
}

@Suite struct ScratchTests {
    @Test("a temporary directory goes with all it holds, links not followed")
    func directory() throws {
        var directory: TemporaryDirectory? = try TemporaryDirectory()
        let outside = try TemporaryDirectory()
        try outside.write("kept", to: "kept")
        let path = try #require(directory?.path)
        try directory?.write("text", to: "file")
        #expect(directory?.text(of: "file") == "text")
        #expect(mkdir(path + "/sub", 0o700) == 0)
        #expect(symlink(outside.path, path + "/sub/link") == 0)
        #expect(chmod(path + "/sub", 0) == 0)
        directory = nil
        #expect(access(path, F_OK) == -1)
        #expect(outside.names == ["kept"])
    }

    @Test("a seed gives the same numbers again: the first of splitmix64 for seed 1234567")
    func generator() {
        var generator = SeededGenerator(seed: 1_234_567)
        #expect(generator.next() == 6_457_827_717_110_365_317)
        #expect(generator.next() == 3_203_168_211_198_807_973)
    }
}
