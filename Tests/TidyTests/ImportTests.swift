import Testing

/// Imports point down only.
@Suite("Import graph")
struct ImportTests {
    /// What each target may import beside the standard library.
    static let allowed: [String: Set<String>] = {
        let system: Set<String> = ["Glibc", "Synchronization"]
        let pure: Set<String> = ["ConnectionLifecycle", "MonotonicTime", "WebSocketProtocol"]
        let client = pure.union(["NameResolution", "Transport"])
        return [
            "Locking": ["Synchronization"],
            "MonotonicTime": [],
            "WebSocketProtocol": ["CZlib"],
            "ConnectionLifecycle": ["MonotonicTime"],
            "NameResolution": system.union(["Locking", "MonotonicTime"]),
            "Transport": system.union([
                "CLibwebsockets", "Locking", "MonotonicTime", "NameResolution", "WebSocketProtocol",
            ]),
            "HawserWebSocket": system.union(client).union(["Locking"]),
            // Foundation for JSON alone.
            "HawserHTTP": system.union([
                "CBrotli", "CCurl", "CZlib", "CZstd", "ConnectionLifecycle", "Foundation", "Locking", "MonotonicTime",
                "NameResolution", "WebSocketProtocol",
            ]),
            "HawserServers": system.union(["CLibwebsockets", "MonotonicTime", "Transport", "WebSocketProtocol"]),
            "HawserDaemon": system.union(client).union([
                "CMemoryFile", "CZlib", "Dispatch", "HawserHTTP", "HawserServers", "HawserWebSocket", "Locking",
                "Logging", "Yams",
            ]),
            "hawser": system.union(client).union([
                "ArgumentParser", "Foundation", "HawserDaemon", "HawserHTTP", "HawserServers", "HawserWebSocket",
                "Logging",
            ]),
            // On the library alone: without the daemon and without a C library.
            "hawser-bench": system.union(client).union(["HawserHTTP", "HawserWebSocket"]),
        ]
    }()

    @Test("each target imports only what stands below it, and only the command line Foundation")
    func graph() {
        var findings: [Finding] = []
        for file in Repository.swiftFiles where file.isProduct || file.path.hasPrefix("Benchmarks/") {
            guard let target = file.target, let names = Self.allowed[target] else {
                findings.append(Finding(path: file.path, text: "its target has no line in the import graph"))
                continue
            }
            for (module, line) in Self.imports(of: file) where !names.contains(module) {
                findings.append(Finding(path: file.path, line: line, text: "\(target) must not import \(module)"))
            }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("every target has a test target of its name")
    func testTargets() {
        for target in Self.allowed.keys where target != "hawser" && target != "hawser-bench" {
            #expect(Repository.has("Tests/\(target)Tests"), "Tests/\(target)Tests is missing")
        }
    }

    @Test("no module declares a type of its own name")
    func ownNames() {
        var findings: [Finding] = []
        for file in Repository.swiftFiles where file.isProduct {
            findings += NamingTests.declaredTypes(of: file).filter { $0.name == file.target }
                .map { Finding(path: file.path, line: $0.line, text: "\($0.name) hides its module's name") }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("imports are recognised with attributes, access levels and kinds")
    func recognition() {
        let file = SwiftFile(
            path: "Sources/X/A.swift",
            text: """
                import A
                @preconcurrency import B
                package import C
                import struct D.E
                @testable public import F  // import G
                """
        )
        #expect(Self.imports(of: file).map(\.module) == ["A", "B", "C", "D", "F"])
    }

    /// The modules that `file` imports, with their lines.
    static func imports(of file: SwiftFile) -> [(module: String, line: Int)] {
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
        let tokens = file.tokens
        return tokens.indices.compactMap { index in
            guard tokens[index].text == "import", index + 1 < tokens.count else { return nil }
            var next = index + 1
            if kinds.contains(tokens[next].text), next + 1 < tokens.count { next += 1 }
            return (tokens[next].text, tokens[index].line)
        }
    }
}
