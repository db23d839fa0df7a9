import Glibc
import Logging
import NameResolution
import TestSupport
import Testing

@testable import HawserDaemon

/// A daemon in this process, on a configuration of its own, with its log and files at hand.
final class DaemonRunner: Sendable {
    let directory: TemporaryDirectory
    let log = Collected<LogLine>()
    let stop = StopRequest()
    let threshold = LogThreshold(.info)
    let daemon: Daemon

    /// - Parameters:
    ///   - yaml: `DIR` in it stands for the test's directory. Without `limits` in it, dials are free.
    ///   - files: how the files that it refers to are read, and at a reload the file itself.
    ///   - lookup: answers for names; the system's resolver unless given.
    init(
        _ yaml: String,
        environment: [String: String] = [:],
        files: FileAccess = .system,
        in directory: TemporaryDirectory? = nil,
        lookup: NameResolver.Source? = nil
    ) throws {
        let directory = try directory ?? TemporaryDirectory()
        self.directory = directory
        let loader = ConfigurationLoader(environment: environment, files: files)
        let loaded = try loader.load(text: Self.text(yaml, in: directory), file: "test.yaml")
        let handler = CollectingLogHandler(lines: log)
        daemon = Daemon(
            try DaemonPlan(loaded.configuration, secrets: loader.secrets),
            file: ConfigurationFile(path: directory.file("test.yaml"), environment: environment, files: files),
            threshold: threshold,
            logger: EventLogger(Logger(label: "test") { _ in handler }),
            notification: ServiceNotification(environment: [:]),
            stop: stop,
            lookup: lookup
        )
    }

    private static func text(_ yaml: String, in directory: TemporaryDirectory) -> String {
        let parts = FreeDials.added(to: yaml).split(separator: "DIR", omittingEmptySubsequences: false)
        return parts.joined(separator: directory.path)
    }

    /// Reloads the running daemon with `yaml`, written down as in `init`.
    @discardableResult
    func reload(_ yaml: String) async throws -> ReloadReport {
        // Whoever reads meanwhile finds the one or the other, whole.
        let draft = "draft-\(UInt64.random(in: 0...UInt64.max))"
        rename(try directory.write(Self.text(yaml, in: directory), to: draft), directory.file("test.yaml"))
        return try await daemon.reload()
    }

    /// Runs the daemon until `body` returns; then it is told to stop.
    func run(_ body: @escaping @Sendable (DaemonRunner) async throws -> Void) async throws -> Daemon.Ending {
        let running = Task { await daemon.run() }
        do {
            try await body(self)
        } catch {
            stop.request(.elapsed)
            _ = await running.value
            throw error
        }
        stop.request(.elapsed)
        return await running.value
    }

    /// What the daemon answers at the socket `hawser.sock` of its directory, which the configuration has to name.
    func ask(_ request: ControlOptions.Request, by: String? = nil) async throws -> JSONTree {
        try await eventually("it listens") { !lines(.controlListening).isEmpty }
        let connection = ControlConnection(path: directory.file("hawser.sock"))
        let answer = try await onOwnThread { try connection.ask(request.line(by: by)) }
        return try #require(JSONTree(answer), "no JSON: \(String(decoding: answer, as: UTF8.self))")
    }

    /// The log lines of one event so far.
    func lines(_ event: EventName) -> [LogLine] {
        log.values.filter { $0.event == event.rawValue }
    }

    /// The records in the file sink `out.jsonl`.
    func records(in name: String = "out.jsonl") throws -> [TestRecord] {
        try (directory.text(of: name) ?? "").split(separator: "\n").map { try TestRecord(line: String($0)) }
    }
}

/// Keeps log lines for a test.
private struct CollectingLogHandler: LogHandler {
    let lines: Collected<LogLine>
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .debug

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let merged = metadata.merging(event.metadata ?? [:]) { $1 }
        lines.append(
            LogLine(
                wallNanoseconds: 0,
                level: event.level,
                event: merged["event"].map { "\($0)" } ?? "",
                message: event.message.description,
                fields: merged.map { ($0.key, $0.value) }
            )
        )
    }
}

extension LogLine {
    /// The text of a field, if the line has it.
    subscript(_ field: LogField) -> String? {
        fields.first { $0.key == field.rawValue }.map { "\($0.value)" }
    }
}
