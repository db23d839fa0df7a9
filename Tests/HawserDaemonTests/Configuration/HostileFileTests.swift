import Glibc
import TestSupport
import Testing

@testable import HawserDaemon

/// Files that are no configurations at all: one clear error each, in bounded time and memory.
@Suite("Hostile files")
struct HostileFileTests {
    private let fixture = ConfigurationFixture()

    private func problem(of bytes: [UInt8]) -> ConfigurationIssue? {
        do {
            _ = try fixture.loader.load(bytes: bytes, file: "hawser.yaml")
            return nil
        } catch {
            return error.errors.first
        }
    }

    // MARK: Files that cannot be read

    @Test(
        "What keeps a file from being read is said, with what to do",
        arguments: [
            (FileAccessError.notFound, "there is no such file", "create it, or name another one with -c FILE"),
            (.isDirectory, "it is a directory", "name a file in it, such as /etc/x/hawser.yaml"),
            (.permissionDenied, "permission denied", "let the user that Hawser runs as read it"),
            (.notRegular, "it is not a regular file", "name a regular file with -c FILE"),
            (.tooLarge(limit: 1 << 20), "it is larger than 1MiB", "is this a Hawser configuration?"),
            (.other("Input/output error"), "Input/output error", "name another one with -c FILE"),
        ]
    )
    func unreadable(_ error: FileAccessError, _ problem: String, _ remedy: String) throws {
        var fixture = fixture
        fixture.files["/etc/x"] = .failure(error)
        do {
            _ = try fixture.loader.load(path: "/etc/x")
            Issue.record("it was loaded")
        } catch {
            let issue = try #require(error.issues.first)
            #expect(error.issues.count == 1)
            #expect(issue.rendered() == "/etc/x: error: cannot read the configuration: \(problem); \(remedy)")
            #expect(error.description == issue.rendered() + "\n1 error in the configuration")
        }
    }

    @Test("Real files: missing, a directory, a pipe, one without permission, and a good one")
    func realFiles() throws {
        let directory = try TemporaryDirectory()
        let read = FileAccess.system.read
        #expect(read(directory.file("missing"), 10) == .failure(.notFound))
        #expect(read(directory.file("missing/below"), 10) == .failure(.notFound))
        #expect(read(directory.path, 10) == .failure(.isDirectory))
        #expect(mkfifo(directory.file("pipe"), 0o600) == 0)
        #expect(read(directory.file("pipe"), 10) == .failure(.notRegular))
        #expect(read("/dev/zero", 10) == .failure(.notRegular))
        try directory.write("0123456789", to: "good")
        #expect(read(directory.file("good"), 10) == .success(Array("0123456789".utf8)))
        #expect(read(directory.file("good"), 9) == .failure(.tooLarge(limit: 9)))
        try directory.write("", to: "empty")
        #expect(read(directory.file("empty"), 0) == .success([]))
        #expect(chmod(directory.file("good"), 0) == 0)
        // The superuser may read everything; elsewhere the error is the operating system's own.
        let expected: Result<[UInt8], FileAccessError> =
            geteuid() == 0 ? .success(Array("0123456789".utf8)) : .failure(.permissionDenied)
        #expect(read(directory.file("good"), 10) == expected)
        let path = try directory.write("loops: 3\n", to: "hawser.yaml")
        #expect(try ConfigurationLoader(environment: [:]).load(path: path).configuration.loops == 3)
    }

    @Test("Loading opens and closes: no descriptor is left behind")
    func descriptors() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("loops: [\n", to: "hawser.yaml")
        let loader = ConfigurationLoader(environment: [:])
        // The lowest free descriptor is the same before and after, unless something was left open below it.
        func isOpen(_ descriptor: Int32) -> Bool { fcntl(descriptor, F_GETFD) >= 0 }
        let before = (0..<1_024).filter { isOpen($0) }.count
        for _ in 0..<50 {
            #expect(throws: ConfigurationErrors.self) { try loader.load(path: path) }
            #expect(throws: ConfigurationErrors.self) { try loader.load(path: directory.path) }
        }
        // Other tests run at the same time and may hold a few descriptors; fifty rounds would leave a hundred.
        #expect((0..<1_024).filter { isOpen($0) }.count < before + 50)
    }

    // MARK: Bytes that are not text

    @Test(
        "The first byte that is not UTF-8 has its line and column",
        arguments: [
            ([0xFF], 1, 1, "0xFF"), (Array("loops: 1\nstate: /ä".utf8) + [0xC3, 0x28], 2, 10, "0xC3"),
            (Array("a\r\nb\rc".utf8) + [0x80], 3, 2, "0x80"), (Array("é".utf8) + [0xE2, 0x82], 1, 2, "0xE2"),
            ([0xED, 0xA0, 0x80], 1, 1, "0xED"), ([0xC0, 0x80], 1, 1, "0xC0"),
        ] as [([UInt8], Int, Int, String)]
    )
    func invalidUTF8(_ bytes: [UInt8], _ line: Int, _ column: Int, _ byte: String) throws {
        let issue = try #require(problem(of: bytes))
        #expect(issue.position == SourcePosition(line: line, column: column))
        #expect(issue.problem == "the byte \(byte) is not UTF-8")
        #expect(issue.remedy == "is this a text file? save it as UTF-8")
    }

    @Test("Zero bytes have their place", arguments: [[0], Array("loops: 1\n".utf8) + [0]] as [[UInt8]])
    func zeroBytes(_ bytes: [UInt8]) throws {
        let issue = try #require(problem(of: bytes))
        #expect(issue.problem == "control character U+0000")
        #expect(issue.line == (bytes.count == 1 ? 1 : 2))
        #expect(issue.column == 1)
    }

    @Test("A MiB of noise is one line, of whatever kind the noise is")
    func noise() throws {
        var generator = SeededGenerator("noise")
        let count = ConfigurationLoader.fileLimit
        let any = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let printable = (0..<count).map { _ in UInt8.random(in: 0x20...0x7E, using: &generator) }
        let lines = (0..<count).map { _ in
            UInt8.random(in: 0..<20, using: &generator) == 0 ? 0x0A : UInt8.random(in: 0x20...0x7E, using: &generator)
        }
        for bytes in [any, printable, lines] {
            let issue = try #require(problem(of: bytes))
            #expect(issue.position != nil)
            #expect(issue.rendered().utf8.count < 2_000)
            #expect(issue.rendered().split(separator: "\n").count <= 3)
        }
        #expect(problem(of: any + [0])?.problem == "cannot read the configuration: it is larger than 1MiB")
    }

    @Test("Noise made of YAML's own characters never gets through, and never takes long")
    func syntaxNoise() throws {
        var generator = SeededGenerator("syntax noise")
        let alphabet = Array("{}[],:&*!|>'\"%@`#-? \n\tab0<~$\\".utf8)
        for _ in 0..<300 {
            let bytes = (0..<Int.random(in: 1...200, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0x20
            }
            // Whatever comes of it, it comes: an error with a place, or a configuration that holds nothing.
            do {
                let loaded = try fixture.loader.load(bytes: bytes, file: "hawser.yaml")
                #expect(loaded.configuration.subscriptions.isEmpty)
            } catch {
                #expect(error.errors.allSatisfy { $0.position != nil })
            }
        }
    }

    // MARK: YAML that is meant to hurt

    @Test("A billion laughs end at the limit of values")
    func billionLaughs() throws {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let issues = fixture.issues(text)
        let issue = try #require(issues.first)
        #expect(issues.count == 1)
        #expect(issue.problem == "more than 200000 values")
        #expect(issue.remedy == "an alias (*name) repeats what it refers to: use fewer of them")
    }

    @Test(
        "A billion laughs as a key are refused before the parser compares them",
        arguments: [
            "? *a9\n: 1\n", "*a9 : 1\n", "{? *a9 : 1}\n", "? [*a9]\n: 1\n", "[*a9]: 1\n", "{*a9 : 1, *a8 : 2}\n",
            "? {x: *a9}\n: 1\n",
        ]
    )
    func laughingKey(_ key: String) throws {
        var text = "- &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "- &a\(level) [\(aliases)]\n"
        }
        let indented = key.split(separator: "\n").joined(separator: "\n  ")
        let issues = fixture.issues(text + "- " + indented + "\n")
        #expect(issues.map(\.problem) == ["a key that is not plain text, in a file with many aliases"])
        #expect(issues.first?.line == 11)
    }

    @Test("Deep nesting is refused, in every notation")
    func nesting() throws {
        let hundred =
            (0..<100).map { String(repeating: " ", count: $0) + "a:\n" }.joined() + String(repeating: " ", count: 100)
            + "b\n"
        let documents = [
            hundred, String(repeating: "[", count: 100) + String(repeating: "]", count: 100),
            String(repeating: "{a: ", count: 100) + String(repeating: "}", count: 100),
            String(repeating: "- ", count: 100) + "x", String(repeating: "- ", count: 200_000) + "x",
            String(repeating: "[", count: 500_000), String(repeating: "? ", count: 200_000),
            String(repeating: "{a: ", count: 200_000),
        ]
        for text in documents {
            let issues = fixture.issues(text)
            let issue = try #require(issues.first)
            #expect(issues.count == 1)
            #expect(issue.problem.hasPrefix("nested"), "\(issue.summary)")
            #expect(issue.remedy == "no setting is nested so deep: is this a Hawser configuration?")
        }
    }

    @Test("A large configuration loads: 3,000 subscriptions")
    func large() throws {
        let text =
            "limits: {connections: 5000}\nsubscriptions:\n"
            + (0..<3_000).map {
                "  feed-\($0):\n    url: wss://host-\($0).example/ws?stream=\($0)\n"
                    + "    headers: {Authorization: \"Bearer ${env:TOKEN}\"}\n    ping: {every: 10s}\n"
                    + "    subscribe: ['{\"op\":\"subscribe\",\"channel\":\"trades-\($0)\"}']\n"
            }.joined()
        #expect(text.utf8.count > 500_000)
        let loaded = try fixture.load(text)
        #expect(loaded.configuration.subscriptions.count == 3_000)
        #expect(loaded.warnings.isEmpty)
    }
}
