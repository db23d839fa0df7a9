import Foundation
import Testing

/// What is delivered beside the sources.
@Suite("Delivery")
struct DeliveryTests {
    @Test("each recipe of the Makefile is a call of one script that can be run")
    func thinMakefile() throws {
        let makefile = try #require(Repository.text("Makefile"))
        let recipes = makefile.split(separator: "\n").filter { $0.hasPrefix("\t") }
        #expect(recipes.count > 5)
        for recipe in recipes {
            let call = recipe.wholeMatch(of: /\t@(?:[A-Z]+="[^"]*" )*scripts\/([a-z-]+)(?: \$\(ARGS\))?/)
            let script = try #require(call?.1, "not a call of one script: \(recipe)")
            let path = Repository.root.appending(path: "scripts/\(script)").path(percentEncoded: false)
            #expect(FileManager.default.isExecutableFile(atPath: path), "scripts/\(script) cannot be run")
        }
    }

    @Test("every target of the Makefile says what it does")
    func explainedTargets() throws {
        let makefile = try #require(Repository.text("Makefile"))
        let targets = makefile.split(separator: "\n").filter { $0.contains(/^[a-z][a-z-]*:/) }
        for target in targets {
            #expect(target.contains(/: ## \S/), "\(target) has no words behind ##")
        }
        let phony = makefile.firstMatch(of: /\.PHONY:(.*)/).map { Set($0.1.split(separator: " ").map(String.init)) }
        #expect(phony == Set(targets.compactMap { $0.split(separator: ":").first.map(String.init) }))
    }

    @Test("the unit starts the daemon as its documents say")
    func unit() throws {
        let unit = try #require(Repository.text("systemd/hawser.service"))
        let lines = Set(unit.split(separator: "\n").map(String.init))
        let expected = [
            "Type=notify", "ExecStart=/usr/bin/hawser run -c /etc/hawser/hawser.yaml", "StartLimitIntervalSec=0",
            "RestartPreventExitStatus=78", "TimeoutStopSec=20s", "RuntimeDirectoryMode=0750", "StateDirectory=hawser",
        ]
        for line in expected {
            #expect(lines.contains(line), "systemd/hawser.service lacks \(line)")
        }
        // A file that is missing would block the start: credentials belong to a drop-in.
        #expect(!lines.contains { $0.hasPrefix("LoadCredential") })
    }

    @Test("no file names a place that only one machine has")
    func machinePaths() {
        let places = ["root", "Users", "work", "workspace", "mnt", "private/tmp"].map { "/\($0)/" }
        var findings: [Finding] = []
        for path in Repository.paths {
            guard let text = Repository.text(path), places.contains(where: { text.contains($0) }) else { continue }
            for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                for place in places where Self.names(place, in: line) {
                    findings.append(Finding(path: path, line: index + 1, text: "\(place)…"))
                }
            }
        }
        #expect(findings.isEmpty, "\(findings.listed)")
    }

    @Test("a machine's path is one that begins with the place")
    func recognition() {
        let place = "/\("mnt")/"
        #expect(Self.names(place, in: "see \(place)someone/x"))
        #expect(Self.names(place, in: "(\(place)someone)"))
        #expect(!Self.names(place, in: "https://example.org\(place)page"))
        #expect(!Self.names(place, in: "$root/.build\(place)x"))
    }

    /// Whether `line` has a path that begins with `place`.
    private static func names(_ place: String, in line: some StringProtocol) -> Bool {
        String(line).ranges(of: place).contains { range in
            guard range.lowerBound > line.startIndex else { return true }
            let text = String(line)
            let before = text[text.index(before: range.lowerBound)]
            return !(before.isLetter || before.isNumber || "._-~}$".contains(before))
        }
    }
}
