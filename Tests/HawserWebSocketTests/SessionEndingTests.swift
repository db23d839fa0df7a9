import Locking
import ConnectionLifecycle
import Dispatch
import HawserWebSocket
import NameResolution
import TestSupport
import Testing
import Transport

/// A thousand sessions, ended in every way there is: afterwards nothing is left of them.
@Suite(.serialized) struct SessionEndingTests {
    /// One way for a session to end.
    struct Way: Sendable {
        var name: String
        var url: String
        var outcomes: Set<Outcome>
        /// Asked of the session by the test, as soon as it has begun or is open.
        var closesOnStart = false
        var closesOnOpen = false
        var pings = false
        /// Whether only the timeout of a stage ends it.
        var isSilent = false
        /// Whether only the timeout of the closing handshake ends it.
        var ignoresClose = false
        var messageLimit: Int?
    }

    /// The servers behind the ways; all of them end with `stop`.
    struct Servers: Sendable {
        let routes: FaultServer
        let raw: [FaultServer]
        let dead: DeadPort

        static let closeCodes: [UInt16?] = [nil, 1000, 1001, 1011, 1012, 4001]

        init() throws {
            var behaviours: [String: FaultBehaviour] = [
                "/drop": .numbered(5, then: .drop), "/reset": .resets(after: 5), "/echo": .echo,
                "/silent": .silentAfterUpgrade, "/deaf": .neverAnswersClose, "/never-reads": .neverReads,
                "/reserved": .reservedBits(7), "/masked": .maskedFrame, "/utf8": .badUTF8,
                "/big": .message(ofBytes: 100_000), "/huge": .hugeLength(), "/503": .rejects(503),
                "/accept": .wrongAccept, "/header": .stopsInHeader,
            ]
            for code in Self.closeCodes { behaviours["/close/\(code ?? 0)"] = .closeCode(code) }
            routes = try FaultServer(.routes(behaviours))
            raw = [try FaultServer(.silentAfterAccept), try FaultServer(.garbageInsteadOfHTTP)]
            dead = try DeadPort()
        }

        func stop() {
            routes.stop()
            for server in raw { server.stop() }
        }

        var ways: [Way] {
            let ordinary = Self.closeCodes.map { code in
                Way(
                    name: "peer closes with \(code ?? 0)",
                    url: routes.url("/close/\(code ?? 0)"),
                    outcomes: [.peerClosed]
                )
            }
            let silent = raw[0].url()
            return ordinary + [
                Way(name: "dropped", url: routes.url("/drop"), outcomes: [.peerVanished, .reset]),
                Way(name: "reset", url: routes.url("/reset"), outcomes: [.reset]),
                Way(name: "half open", url: routes.url("/silent"), outcomes: [.pingTimeout], pings: true),
                Way(name: "reserved bits", url: routes.url("/reserved"), outcomes: [.protocolError]),
                Way(name: "masked", url: routes.url("/masked"), outcomes: [.protocolError]),
                Way(name: "bad text", url: routes.url("/utf8"), outcomes: [.protocolError]),
                Way(name: "too big", url: routes.url("/big"), outcomes: [.tooBig], messageLimit: 50_000),
                Way(name: "huge", url: routes.url("/huge"), outcomes: [.protocolError]),
                Way(name: "rejected", url: routes.url("/503"), outcomes: [.rejected]),
                Way(name: "wrong Accept", url: routes.url("/accept"), outcomes: [.protocolError]),
                Way(name: "stops in header", url: routes.url("/header"), outcomes: [.dialFailed], isSilent: true),
                Way(name: "garbage", url: raw[1].url(), outcomes: [.protocolError]),
                Way(name: "refused", url: dead.url(), outcomes: [.dialFailed]),
                Way(name: "stuck name", url: "ws://stuck.invalid/", outcomes: [.dialFailed], isSilent: true),
                Way(
                    name: "closed while resolving",
                    url: "ws://stuck.invalid/",
                    outcomes: [.shutdown],
                    closesOnStart: true
                ),
                Way(
                    name: "closed while connecting",
                    url: routes.url("/echo"),
                    outcomes: [.shutdown],
                    closesOnStart: true
                ),
                Way(name: "TLS with the silent", url: secure(silent), outcomes: [.dialFailed], isSilent: true),
                Way(name: "silent", url: silent, outcomes: [.dialFailed], isSilent: true),
                Way(name: "closed while open", url: routes.url("/echo"), outcomes: [.shutdown], closesOnOpen: true),
                Way(
                    name: "no answer to Close",
                    url: routes.url("/deaf"),
                    outcomes: [.closeTimeout],
                    closesOnOpen: true,
                    ignoresClose: true
                ),
                Way(
                    name: "never reads",
                    url: routes.url("/never-reads"),
                    outcomes: [.closeTimeout],
                    closesOnOpen: true,
                    ignoresClose: true
                ),
            ]
        }

        private func secure(_ url: String) -> String { "wss" + url.dropFirst(2) }
    }

    @Test("1,000 sessions ended in every way leave no descriptor, thread or second outcome behind")
    func everyWay() async {
        // In a process of its own, whose descriptors and threads are nobody else's.
        await #expect(processExitsWith: .success) { try await Self.endThousand() }
    }

    private static func endThousand() async throws {
        let servers = try Servers()
        let ways = servers.ways
        let stuck = DispatchSemaphore(value: 0)
        let resolver = NameResolver { host in
            stuck.wait()
            stuck.signal()
            return .failure(NameResolutionError(host: host, kind: .notFound, detail: "no such host"))
        }
        let tls = try TLSContext(TLSOptions(verify: false))
        // libuv makes one pipe for the signals of the whole process, with its first loop.
        await (try EventLoop()).shutdown()
        let census = await ProcessCensus.baseline()
        let loop = try EventLoop()
        let counts = try await holdAll(1_000, of: ways, on: loop, resolver: resolver, tls: tls)
        #expect(counts.values.reduce(0, +) == 1_000)
        try await eventually("every descriptor is given back") { loop.openSockets == 0 }
        await loop.shutdown()
        stuck.signal()
        resolver.shutdown()
        servers.stop()
        let left = await census.leftOver()
        #expect(left.isEmpty, "\(left)")
    }

    /// Holds `total` sessions, 40 at a time, round robin over `ways`.
    private static func holdAll(
        _ total: Int,
        of ways: [Way],
        on loop: EventLoop,
        resolver: NameResolver,
        tls: TLSContext
    ) async throws -> [String: Int] {
        try await withThrowingTaskGroup(of: String.self) { group in
            var counts: [String: Int] = [:]
            for index in 0..<total {
                if index >= 40, let name = try await group.next() { counts[name, default: 0] += 1 }
                let way = ways[index % ways.count]
                group.addTask { try await hold(way, on: loop, resolver: resolver, tls: tls) }
            }
            for try await name in group { counts[name, default: 0] += 1 }
            return counts
        }
    }

    private static func hold(
        _ way: Way,
        on loop: EventLoop,
        resolver: NameResolver,
        tls: TLSContext
    ) async throws -> String {
        var runner = SessionRunner(loop)
        if way.isSilent { runner = runner.impatient }
        if way.ignoresClose { runner.configuration.timeouts.close = .milliseconds(200) }
        runner.resolver = resolver
        runner.tls = tls
        runner.configuration.keepAlive = way.pings ? .ping(every: .milliseconds(50), timeout: .milliseconds(50)) : .off
        if let limit = way.messageLimit { runner.configuration.limits.messageSize = limit }
        let asked = OrderedMutex<ContinuousClock.Instant?>(nil)
        let held = try await runner.hold(
            way.url,
            onStart: { connection in
                guard way.closesOnStart else { return }
                asked.withLock { $0 = .now }
                connection.close(.shutdown)
            },
            onOpen: { connection in
                guard way.closesOnOpen else { return }
                asked.withLock { $0 = .now }
                connection.close(.shutdown)
            }
        )
        #expect(way.outcomes.contains(held.report.end.outcome), "\(way.name): \(held.report)")
        #expect(held.ends == 1, "\(way.name)")
        if let begin = asked.withLock({ $0 }) {
            #expect(ContinuousClock.now - begin < .seconds(3), "\(way.name)")
        }
        return way.name
    }
}
