import ConnectionLifecycle
import Glibc
import Locking
import Logging
import MonotonicTime
import TestSupport
import Testing

@testable import HawserDaemon

@Suite("Dial gate")
struct DialGateTests {
    private let site = DialSite(host: "h", origin: "wss://h:443")
    private let logger = EventLogger(Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })

    @Test("who is released is told in order, at the rate, and what waits is told why")
    func rate() async throws {
        let rate = Rate(3, per: .milliseconds(200))
        let gate = try DialGate(DialGovernor.Limits(perOrigin: nil, perHost: [rate]), store: nil)
        let released = Collected<(id: Int, at: ContinuousClock.Instant)>()
        let waits = (0..<9).map { id in
            gate.request(id, at: site) {
                released.append((id, .now))
                gate.end(id, .opened)
            }
        }
        #expect(waits.last.flatMap { $0 }?.reason == .rate(rate))
        try await eventually("all are released") { released.count == 9 }
        let values = released.values
        #expect(values.map(\.id) == Array(0..<9))
        for (earlier, later) in zip(values, values.dropFirst(3)) {
            #expect(earlier.at.duration(to: later.at) > .milliseconds(199))
        }
        await gate.finish()
    }

    @Test("nobody is let through before it is written down")
    func writtenAhead() async throws {
        let directory = try TemporaryDirectory()
        let limits = DialGovernor.Limits(perOrigin: nil, perHost: [Rate(1000, per: .seconds(60))])
        let store = try #require(DialStore(directory: directory.path, logger: logger))
        let gate = try DialGate(limits, store: store)
        let counts = Collected<(released: Int, written: Int)>()
        let released = OrderedMutex(0)
        for id in 0..<20 {
            _ = gate.request(id, at: site) {
                let number = released.withLock { count in
                    count += 1
                    return count
                }
                let bytes = Array((directory.text(of: "dials") ?? "").utf8)
                let host = DialMemoryText.decode(bytes)?.memory.hosts.first
                counts.append((number, (host?.running ?? 0) + (host?.ends.count ?? 0)))
            }
        }
        try await eventually("all are released") { counts.count == 20 }
        #expect(counts.values.allSatisfy { $0.written >= $0.released })
        for id in 0..<20 { gate.end(id, .opened) }
        await gate.finish()
        let heir = try #require(DialStore(directory: directory.path, logger: logger))
        #expect(heir.load().hosts.first?.ends.count == 20)
        #expect(heir.load().hosts.first?.running == 0)
        heir.close()
    }

    @Test("what ran when a process was killed counts from the next start on, and not from each further one")
    func crashLoop() async throws {
        let directory = try TemporaryDirectory()
        let limits = DialGovernor.Limits(perOrigin: nil, perHost: [Rate(5, per: .seconds(3600))])
        let before = DialMemory.Clock.read(boot: DialMemory.Clock.currentBoot())
        let killed = try DialMemoryFile(directory: directory.path)
        try killed.save(DialMemory(hosts: [DialMemory.Host(name: "h", running: 3)]), at: before)
        killed.close()
        let store = try #require(DialStore(directory: directory.path, logger: logger))
        let gate = try DialGate(limits, store: store)
        func remembered() -> DialMemory.Host? {
            DialMemoryText.decode(Array((directory.text(of: "dials") ?? "").utf8))?.memory.hosts.first
        }
        try await eventually("it is written, though nobody dials") { remembered()?.running == 0 }
        let ends = remembered()?.ends ?? []
        #expect(ends.count == 3 && ends.allSatisfy { $0 >= before.monotonic })
        await gate.finish()
        let next = try #require(DialStore(directory: directory.path, logger: logger))
        let heir = try DialGate(limits, store: next)
        await heir.finish()
        #expect(remembered()?.ends == ends)
    }

    @Test("a disk that fails or hangs does not keep anyone from dialling, and is told of once until it works again")
    func brokenDisk() async throws {
        let directory = try TemporaryDirectory()
        let disk = (fails: Flag(), hangs: Flag())
        var operations = FileOperations.system
        operations.rename = { path, newPath throws(SystemError) in
            while disk.hangs.isRaised { usleep(1_000) }
            if disk.fails.isRaised { throw SystemError(errno: EIO) }
            try FileOperations.system.rename(path, newPath)
        }
        let log = Collected<String>()
        let logger = EventLogger(Logger(label: "test") { _ in EventNames(log: log) })
        let store = try #require(DialStore(directory: directory.path, operations: operations, logger: logger))
        let limits = DialGovernor.Limits(perHost: [Rate(1000, per: .seconds(60))])
        let gate = try DialGate(limits, store: store)
        func dial(_ id: Int) async throws {
            let released = Collected<Int>()
            _ = gate.request(id, at: site) { released.append(id) }
            try await eventually("\(id) is released") { released.count == 1 }
            gate.end(id, .opened)
        }
        disk.fails.raise()
        for id in 0..<3 { try await dial(id) }
        disk.fails.lower()
        try await dial(3)
        #expect(log.values == ["dials.unsaved", "dials.saved"])
        disk.hangs.raise()
        for id in 4..<7 { try await dial(id) }
        #expect(log.values == ["dials.unsaved", "dials.saved", "dials.unsaved"])
        disk.hangs.lower()
        try await eventually("what was left over is written") {
            log.count == 4 && (directory.text(of: "dials") ?? "").split(separator: "\n").count >= 4 + 7
        }
        await gate.finish()
    }

    @Test("a release that is on its way when the request is withdrawn still comes, once; a closed gate releases nobody")
    func withdrawal() async throws {
        let gate = try DialGate(DialGovernor.Limits(perHost: []), store: nil)
        let released = Collected<Int>()
        _ = gate.request(1, at: site) { released.append(1) }
        try await eventually("the first is released") { released.count == 1 }
        gate.withdraw(1)
        _ = gate.request(1, at: site) { released.append(10) }
        #expect(gate.request(2, at: site) { released.append(2) }?.reason == .origin)
        gate.withdraw(2)
        _ = gate.request(3, at: site) { released.append(3) }
        gate.end(1, .abandoned)
        try await eventually("the third is released") { released.count == 2 }
        #expect(released.values == [1, 3])
        _ = gate.request(4, at: site) { released.append(4) }
        gate.close()
        gate.end(3, .opened)
        #expect(gate.request(5, at: site) { released.append(5) } == nil)
        await gate.finish()
        #expect(released.values == [1, 3])
    }

    @Test("a recovered host is told of after what failed, once")
    func recovery() async throws {
        let gate = try DialGate(DialGovernor.Limits(perHost: []), store: nil)
        let recovered = Collected<String>()
        gate.onRecovery { recovered.append($0) }
        for end in [DialEvent.End.failed, .opened, .opened] {
            let released = Collected<Int>()
            _ = gate.request(1, at: site) { released.append(1) }
            try await eventually("it is released") { released.count == 1 }
            gate.end(1, end)
        }
        try await eventually("it is told") { recovered.count == 1 }
        await gate.finish()
        #expect(recovered.values == ["h"])
    }
}

/// Keeps the names of events.
private struct EventNames: LogHandler {
    let log: Collected<String>
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .info

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        log.append(event.metadata?["event"].map { "\($0)" } ?? "")
    }
}
