import Foundation
import TestSupport
import Testing

/// Configurations as a tired person or a broken disk leaves them.
@Suite struct MutationTests {
    @Test(
        "check of 200 mutated configurations ends with 0 or 78, never in a crash, and names the place of each mistake"
    )
    func mutations() async throws {
        let directory = try TemporaryDirectory()
        let bases = try Self.examples(in: directory)
        let environment = ["CREDENTIALS_DIRECTORY": directory.path]
        for base in bases {
            let path = try directory.write(base, to: "hawser.yaml")
            let finished = try await HawserProgram.run(["check", "-c", path], environment: environment)
            try #require(finished.exit == .done, "the example itself is refused: \(finished.errorText)")
        }
        var generator = SeededGenerator("mutated configurations")
        var accepted = 0
        for round in 1...200 {
            var text = bases[round % bases.count]
            for _ in 0..<Int.random(in: 1...4, using: &generator) { Self.mutate(&text, using: &generator) }
            let path = try directory.write(text, to: "hawser.yaml")
            let finished = try await HawserProgram.run(["check", "-c", path], environment: environment)
            let context: Comment = "seed \(generator.seed), round \(round): \(finished.errorText)\n\(Self.shown(text))"
            switch finished.exit {
            case .done:
                accepted += 1
            case .configuration:
                #expect(finished.errors.first?.hasPrefix(path + ":") == true, context)
                #expect(finished.errorText.contains("error: "), context)
                #expect(finished.output == [], context)
            default:
                Issue.record("\(finished.exit), \(context)")
            }
        }
        print("\(accepted) of 200 are still valid")
        #expect(accepted < 190, "the mutations break nothing")
    }

    /// The shipped examples, with the files that they refer to.
    private static func examples(in directory: TemporaryDirectory) throws -> [[UInt8]] {
        let authority = try CertificateAuthority()
        let client = try authority.issue()
        try directory.write(authority.certificate, to: "plant-ca.pem")
        try directory.write(client.certificate, to: "hawser.pem")
        try directory.write(client.key, to: "hawser.key")
        try directory.write("token\n", to: "oven-token")
        for name in ["gateway-token", "exchange-key", "broker-secret"] { try directory.write("token\n", to: name) }
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "config/examples")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        try #require(names.count >= 2)
        return try names.map { name in
            let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
            let moved = text.replacing("/etc/hawser", with: directory.path)
                .replacing("/var/lib/hawser", with: directory.path)
            return Array(moved.utf8)
        }
    }

    /// Changes `text` in one of the ways in which files go wrong.
    private static func mutate(_ text: inout [UInt8], using generator: inout SeededGenerator) {
        let place = Int.random(in: 0...text.count, using: &generator)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0:
            if place < text.count { text[place] = .random(in: 0...255, using: &generator) }
        case 1:
            text.removeSubrange(place..<min(text.count, place + .random(in: 1...30, using: &generator)))
        case 2:
            text.removeSubrange(place...)
        case 3:
            let other = Int.random(in: 0...text.count, using: &generator)
            text.insert(contentsOf: text[min(place, other)..<max(place, other)].prefix(200), at: place)
        case 4, 5:
            let token = tokens.randomElement(using: &generator) ?? ""
            text.insert(contentsOf: Array(token.utf8), at: place)
        case 6:
            mutateLine(&text) { $0.insert(contentsOf: Array("  ".utf8), at: $0.startIndex) }
        default:
            let word = Array((tokens.randomElement(using: &generator) ?? "").utf8)
            mutateLine(&text) { line in
                let colon = line.firstIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? line.endIndex
                line.replaceSubrange(colon..., with: [32] + word)
            }
        }

        func mutateLine(_ text: inout [UInt8], _ change: (inout [UInt8]) -> Void) {
            var lines = text.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
            guard let index = lines.indices.randomElement(using: &generator) else { return }
            change(&lines[index])
            text = Array(lines.joined(separator: [10]))
        }
    }

    /// Words with a meaning to YAML, to the configuration, or to whoever reads numbers.
    private static let tokens = [
        "\t", "\r\n", ": ", "- ", "{", "}", "[", "]", "\"", "'", "|", ">", "&a ", "*a", "<<: *a", "!!binary ", "---\n",
        "...\n", "%YAML 1.2\n", "#", "~", "null", "true", "0", "-1", "1e400", "999999999999999999999", "0x1F", ".nan",
        "99999999d", "9999999TiB", "1.5s", "20", "${env:", "${env:HOME}", "${file:/dev/zero}", "${file:/}",
        "${credential:../x}", "$$", "\u{0}", "\u{FEFF}", "\u{202E}", "ü", "👋", "subscriptions:", "sinks: [x]",
        "defaults: {ping: off}", "wss://[::1", "ws+unix:/", "/dev/full", "\n\n  x:\n", "a: {b: {c: {d: {e: {}}}}}",
        String(repeating: "[", count: 3_000), String(repeating: "a", count: 100_000),
    ]

    private static func shown(_ text: [UInt8]) -> String {
        String(decoding: text.prefix(4_000), as: UTF8.self)
    }
}
