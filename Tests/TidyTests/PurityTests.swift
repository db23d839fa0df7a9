import Testing

/// The pure targets take events and the time, and return actions.
@Suite("Purity")
struct PurityTests {
    static let pureTargets: Set<String> = ["ConnectionLifecycle", "MonotonicTime", "WebSocketProtocol"]

    /// The targets that nothing else stands on.
    static let top: Set<String> = ["HawserDaemon", "hawser"]

    /// Names that bring a clock, input and output, concurrency or a random source.
    static let impure: Set<String> = [
        "ContinuousClock", "SuspendingClock", "clock_gettime", "gettimeofday", "DispatchTime", "Task", "TaskGroup",
        "SystemRandomNumberGenerator", "getrandom", "getenv", "setenv", "print", "debugPrint", "readLine", "fputs",
        "withCheckedContinuation", "withUnsafeContinuation",
    ]

    /// Calls that draw from the global random source unless they say `using:`.
    static let random: Set<String> = ["random", "randomElement", "shuffle", "shuffled"]

    /// Calls that hold a thread or a task for a time.
    static let sleeping: Set<String> = ["sleep", "usleep", "nanosleep", "clock_nanosleep"]

    @Test("the pure targets have no clock, no input and output, no task and no global random source")
    func pureTargetsArePure() {
        let findings = Repository.swiftFiles
            .filter { $0.isProduct && Self.pureTargets.contains($0.target ?? "") }
            .flatMap(Self.impurities)
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("nothing below the daemon sleeps: time is a deadline on the wheel, or a bounded wait for something")
    func nothingSleeps() {
        let findings = Repository.swiftFiles
            .filter { $0.isProduct && !Self.top.contains($0.target ?? "") }
            .flatMap { Self.calls(of: Self.sleeping, in: $0) }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("the environment is read where the configuration and the command line are, not below")
    func environment() {
        let findings = Repository.swiftFiles
            .filter { $0.isProduct && !Self.top.contains($0.target ?? "") }
            .flatMap { Self.calls(of: ["getenv", "secure_getenv", "setenv"], in: $0) }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("impurities are recognised, and what only looks like one is not")
    func recognition() {
        let file = SwiftFile(
            path: "Sources/X/A.swift",
            text: """
                let a = Task { }
                let b = Int.random(in: 0..<9)
                let c = Int.random(in: range(1), using: &generator)
                let d = "getenv"  // getenv
                func sleep(x: Int)
                """
        )
        #expect(Self.impurities(of: file).map(\.line) == [1, 2])
        #expect(Self.calls(of: Self.sleeping, in: file).isEmpty)
    }

    private static func impurities(of file: SwiftFile) -> [Finding] {
        let named = file.tokens.filter { impure.contains($0.text) }
            .map { Finding(path: file.path, line: $0.line, text: "\($0.text) in a pure target") }
        let drawn = calls(of: random, in: file) { arguments in !arguments.contains { $0.text == "using" } }
        return named + drawn
    }

    /// Calls, not declarations, of one of `names` whose arguments fulfil `condition`.
    static func calls(
        of names: Set<String>,
        in file: SwiftFile,
        where condition: (ArraySlice<Token>) -> Bool = { _ in true }
    ) -> [Finding] {
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard names.contains(tokens[index].text), index + 1 < tokens.count, tokens[index + 1].text == "(",
                index == 0 || tokens[index - 1].text != "func"
            else { return nil }
            var depth = 0
            var end = index + 1
            repeat {
                if tokens[end].text == "(" { depth += 1 }
                if tokens[end].text == ")" { depth -= 1 }
                end += 1
            } while depth > 0 && end < tokens.count
            guard condition(tokens[(index + 1)..<end]) else { return nil }
            return Finding(path: file.path, line: tokens[index].line, text: "call of \(tokens[index].text)")
        }
    }
}
