import TestSupport
import Testing

/// A `hawser run` on a configuration of its own, in a directory of its own that holds its state too, with its log parsed.
final class HeldDaemon: Sendable {
    let directory: TemporaryDirectory
    let process: RunningProcess

    /// - Parameters:
    ///   - yaml: `DIR` in it stands for the directory. Without `limits` in it, dials are free.
    ///   - directory: a new one unless given.
    ///   - launcher: another program that replaces itself by ours, and its arguments.
    init(
        _ yaml: String,
        in directory: TemporaryDirectory? = nil,
        arguments: [String] = [],
        environment: [String: String] = [:],
        launcher: [String] = []
    ) throws {
        let directory = try directory ?? TemporaryDirectory()
        self.directory = directory
        let parts = FreeDials.added(to: yaml).split(separator: "DIR", omittingEmptySubsequences: false)
        let text = parts.joined(separator: directory.path)
        let file = try directory.write(text, to: "hawser.yaml")
        let all = ["run", "-c", file] + arguments
        let environment = [
            "STATE_DIRECTORY": directory.path + "/state", "RUNTIME_DIRECTORY": directory.path,
        ].merging(environment) { $1 }
        process =
            launcher.isEmpty
            ? try HawserProgram.start(all, environment: environment)
            : try HawserProgram.start(through: launcher, all, environment: environment)
    }

    /// Runs `hawser` with `arguments` against it, as an operator does.
    func ask(_ arguments: [String], environment: [String: String] = [:]) async throws -> HawserProgram.Finished {
        try await HawserProgram.run(arguments + ["--socket", directory.file("hawser.sock")], environment: environment)
    }

    /// The log so far. A line that is not JSON is a failure of the test.
    var log: [JSONLine] {
        process.lines(.stderr).compactMap { line in
            do { return try JSONLine(line) } catch {
                Issue.record("not a JSON object: \(line)")
                return nil
            }
        }
    }

    /// The log lines of one event so far.
    func log(_ event: String) -> [JSONLine] {
        // Most lines are of other events: only those that may match are parsed.
        process.lines(.stderr).filter { $0.contains("\"event\":\"\(event)\"") }.compactMap { try? JSONLine($0) }
    }

    /// Waits until the log has `count` lines of `event`, and gives the last of them.
    @discardableResult
    func logged(_ event: String, times count: Int = 1, within limit: Duration = .seconds(30)) async throws -> JSONLine {
        do {
            try await eventually("\(count) × \(event)", within: limit) {
                self.log(event).count >= count || self.process.exit != nil
            }
        } catch {}
        let lines = log(event)
        guard lines.count >= count else {
            throw NeverHappened(what: "\(count) × \(event) in \(process.lines(.stderr))", limit: limit)
        }
        return lines[count - 1]
    }

    /// A number of `/proc/PID/status`, such as `VmRSS` in KiB; zero once it has ended.
    func status(_ field: String) -> Int {
        number(of: field, in: "status")
    }

    /// The write(2) calls so far, those that failed included.
    var writeCalls: Int {
        number(of: "syscw", in: "io")
    }

    private func number(of field: String, in file: String) -> Int {
        let lines = (fileText("/proc/\(process.pid)/\(file)") ?? "").split(separator: "\n")
        let words = lines.first { $0.hasPrefix(field + ":") }?.split { $0 == " " || $0 == "\t" } ?? []
        return words.count > 1 ? Int(words[1]) ?? 0 : 0
    }
}
