import TestSupport

/// A run of `Tests/Interop/serve`, which has said that it is ready. It ends when its standard input does: with this
/// process, or with the last copy of this value.
struct ServedProcess: Sendable {
    let process: RunningProcess
    /// What stood behind `ready`: ports, then files.
    let words: [String]

    /// Starts `serve` with `arguments`.
    static func start(_ arguments: [String]) async throws -> ServedProcess {
        let process = try RunningProcess(script, arguments)
        let line: String
        do {
            line = try await process.line(.stdout, containing: "ready", within: .seconds(60))
        } catch {
            throw NotStarted(name: arguments[0], output: process.lines(.stdout) + process.lines(.stderr))
        }
        return ServedProcess(process: process, words: line.split(separator: " ").dropFirst().map(String.init))
    }

    /// The port at this place.
    func port(_ index: Int) throws -> UInt16 {
        guard index < words.count, let port = UInt16(words[index]) else {
            throw NotStarted(name: "server", output: words)
        }
        return port
    }

    private static var script: String {
        let folder = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        return folder.joined(separator: "/") + "/Interop/serve"
    }
}

/// A server did not say that it is ready.
struct NotStarted: Error, CustomStringConvertible {
    let name: String
    let output: [String]

    var description: String {
        "\(name) did not start (Tests/Interop/setup installs it): \(output.joined(separator: " | "))"
    }
}
