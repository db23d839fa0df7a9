import Glibc
import MonotonicTime
import NameResolution
import TestSupport
import Testing

@testable import Transport

/// From a name to an established connection, and every way not to get there.
@Suite("Dial")
struct DialTests {
    private func resolver(_ addresses: [String]) -> NameResolver {
        NameResolver { _ in .success(addresses.compactMap { SocketAddress(ipLiteral: $0, port: 0) }) }
    }

    @Test("a name is resolved, connected and established, in this order")
    func name() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let resolver = resolver(["127.0.0.1"])
            let connection = await Connection.dial(
                loop,
                .host("feed.test", port: listener.port),
                resolver: resolver
            )
            try await eventually("established") { connection.record.now.established == 1 }
            let seen = connection.record.now
            #expect(seen.resolved == [listener.address])
            #expect(seen.connected == [listener.address])
            let facts = await connection.with { "\($0.remoteAddress) \($0.tlsVersion ?? "plain") \($0.queuedBytes)" }
            #expect(facts == "\(listener.address) plain 0")
            #expect(loop.openSockets == 1)
        }
    }

    @Test("refused: every address with its reason, and nothing left open")
    func refused() async throws {
        try await withLoop { loop in
            let dead = try DeadPort()
            let connection = await Connection.dial(
                loop,
                .host("feed.test", port: dead.port),
                resolver: resolver(["127.0.0.1", "127.0.0.2"])
            )
            try await connection.over()
            guard case .connect(let attempts)? = connection.record.now.failures.first else {
                Issue.record("\(connection.record.now.failures)")
                return
            }
            #expect(attempts.map(\.code) == [ECONNREFUSED, ECONNREFUSED])
            #expect(attempts.map(\.address.host).sorted() == ["127.0.0.1", "127.0.0.2"])
            #expect("\(connection.record.now.failures[0])".contains("127.0.0.1:\(dead.port): Connection refused"))
            try await eventually("no open socket") { loop.openSockets == 0 }
            #expect(connection.record.now.late.isEmpty)
            #expect(connection.record.now.ends.isEmpty, "a socket that was never established has no end of its own")
        }
    }

    @Test("a name without address fails with the name")
    func unknownName() async throws {
        try await withLoop { loop in
            let resolver = NameResolver { host in
                .failure(NameResolutionError(host: host, kind: .notFound, detail: "no such name"))
            }
            let connection = await Connection.dial(loop, .host("nowhere.test", port: 80), resolver: resolver)
            try await connection.over()
            #expect("\(connection.record.now.failures)".contains("nowhere.test"))
            let empty = await Connection.dial(
                loop,
                .host("empty.test", port: 80),
                resolver: NameResolver { _ in .success([]) }
            )
            try await empty.over()
            #expect("\(empty.record.now.failures)".contains("empty.test"))
        }
    }

    @Test("a connect that hangs is cancelled at once, without a word")
    func blackhole() async throws {
        try await withLoop { loop in
            let hole = try Blackhole()
            let connection = await Connection.dial(loop, .host("127.0.0.1", port: hole.port))
            try await eventually("an attempt") { loop.openSockets == 1 }
            await loop.run {}
            #expect(!connection.record.isOver)
            await connection.cancelDial()
            try await eventually("no open socket") { loop.openSockets == 0 }
            await loop.run {}
            #expect(connection.record.now.failures.isEmpty)
            #expect(connection.record.now.connected.isEmpty)
        }
    }

    @Test("IPv6 is tried first and falls back to IPv4 after 250 ms if it hangs")
    func fallbackFromHang() async throws {
        try await withLoop { loop in
            let (hole, listener) = try Self.holeAndListener()
            let start = loop.now
            let connection = await Connection.dial(
                loop,
                .host("feed.test", port: hole.port),
                resolver: resolver(["127.0.0.1", "::1"])
            )
            try await eventually("established") { connection.record.now.established == 1 }
            #expect(loop.now - start >= Dial.attemptDelay)
            #expect(connection.record.now.resolved.map(\.family) == [.ipv6, .ipv4])
            #expect(connection.record.now.connected == [listener.address])
            try await eventually("the loser is closed") { loop.openSockets == 1 }
        }
    }

    /// A hole at ::1 and a listener at 127.0.0.1, on one port that happens to be free on both.
    private static func holeAndListener() throws -> (Blackhole, RawListener) {
        for _ in 0..<50 {
            let hole = try Blackhole(host: "::1")
            if let listener = try? RawListener(port: hole.port) { return (hole, listener) }
        }
        throw SystemCallError("a port free for both families", code: EADDRINUSE)
    }

    @Test("IPv6 is used when it answers; a refusal moves on to the next address without waiting")
    func order() async throws {
        try await withLoop { loop in
            let v6 = try RawListener(host: "::1")
            let first = await Connection.dial(
                loop,
                .host("feed.test", port: v6.port),
                resolver: resolver(["127.0.0.1", "::1"])
            )
            try await eventually("established") { first.record.now.established == 1 }
            #expect(first.record.now.connected == [v6.address])

            // Ten refused addresses before the good one: one after the other they would take 2.5 s.
            let v4 = try RawListener()
            let many = (2...11).map { "127.0.0.\($0)" } + ["127.0.0.1"]
            let start = loop.now
            let second = await Connection.dial(loop, .host("feed.test", port: v4.port), resolver: resolver(many))
            try await eventually("established") { second.record.now.established == 1 }
            #expect(second.record.now.connected == [v4.address])
            #expect(loop.now - start < .milliseconds(2400))
        }
    }

    @Test("addresses alternate between the families, IPv6 first, otherwise in the resolver's order")
    func interleaving() {
        let given = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "::1", "::2"].compactMap {
            SocketAddress(ipLiteral: $0, port: 1)
        }
        #expect(AddressOrder.interleaved(given).map(\.host) == ["::1", "10.0.0.1", "::2", "10.0.0.2", "10.0.0.3"])
        #expect(AddressOrder.interleaved([]).isEmpty)
    }

    @Test("Unix sockets: connected, missing, and a path that cannot be one")
    func unix() async throws {
        let directory = try TemporaryDirectory()
        try await withLoop { loop in
            let path = directory.file("feed.sock")
            let listener = try RawListener(unixPath: path)
            let connection = try await Connection.establish(loop, .unix(path: path))
            let peer = try listener.accept()
            try peer.send([1, 2, 3])
            try await eventually("bytes") { connection.record.byteCount == 3 }
            #expect(await connection.with { $0.remoteAddress.description } == path)
            peer.end()
            try await connection.over()
            if case .eof? = connection.record.end {} else { Issue.record("\(connection.record.now.ends)") }

            let missing = await Connection.dial(loop, .unix(path: directory.file("none")))
            try await missing.over()
            let text = "\(missing.record.now.failures)"
            #expect(text.contains(directory.file("none")) && text.contains("No such file"))

            let long = await Connection.dial(loop, .unix(path: "/" + String(repeating: "x", count: 200)))
            try await long.over()
            if case .resources(ENAMETOOLONG)? = long.record.now.failures.first {
            } else {
                Issue.record("\(long.record.now.failures)")
            }
        }
    }

    @Test("cancelled in every stage, also from the handler's own calls: not a word afterwards, nothing left open")
    func cancellation() async throws {
        try await withLoop { loop in
            let listener = try RawListener()
            let endpoint = Endpoint.host("127.0.0.1", port: listener.port)
            let atOnce = await loop.run {
                let client = Client()
                client.start(loop, endpoint, tls: nil, NameResolver())
                client.dial?.cancel()
                client.dial?.cancel()
                return client.record
            }
            let gate = try StopSignal()
            let address = listener.address
            let slow = NameResolver { _ in
                gate.wait(atMost: .seconds(20))
                return .success([address])
            }
            let resolving = await Connection.dial(loop, .host("slow.test", port: listener.port), resolver: slow)
            await resolving.cancelDial()
            gate.raise()
            let connected = await Connection.dial(loop, endpoint) { client in
                client.onConnected = { [unowned client] in client.dial?.cancel() }
            }
            try await eventually("connected") { connected.record.now.connected.count == 1 }
            try await eventually("no open socket") { loop.openSockets == 0 }
            await loop.run {}
            for record in [atOnce, resolving.record, connected.record] {
                #expect(record.now.established == 0)
                #expect(record.now.failures.isEmpty && record.now.ends.isEmpty)
            }
            #expect(resolving.record.now.resolved.isEmpty)
        }
    }

    @Test("without a descriptor left the dial says so")
    func resources() async throws {
        await #expect(processExitsWith: .success) {
            // The runtime's own timers take descriptors at their first use.
            _ = await ProcessCensus.baseline()
            try await withLoop { loop in
                let listener = try RawListener()
                var limit = rlimit(rlim_cur: 0, rlim_max: 0)
                getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let soft = limit.rlim_cur
                limit.rlim_cur = 4
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let connection = await Connection.dial(loop, .host("127.0.0.1", port: listener.port))
                try await connection.over()
                limit.rlim_cur = soft
                setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
                let failure = try #require(connection.record.now.failures.first)
                guard case .resources(EMFILE) = failure else {
                    Issue.record("\(failure)")
                    return
                }
                #expect("\(failure)".contains("LimitNOFILE"), "\(failure)")
            }
        }
    }

    @Test("a descriptor beyond the limit that the loop began with is not adopted")
    func beyondTheTable() async throws {
        await #expect(processExitsWith: .success) {
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            var limit = rlimit(rlim_cur: 0, rlim_max: 0)
            getrlimit(resource, &limit)
            let soft = limit.rlim_cur
            limit.rlim_cur = 128
            setrlimit(resource, &limit)
            try await withLoop { loop in
                limit.rlim_cur = soft
                setrlimit(resource, &limit)
                let listener = try RawListener()
                var taken: [Int32] = []
                var failure: DialFailure?
                // The runtime opens a file now and then: one that it closes later leaves a number free after all.
                for _ in 0..<20 where failure == nil {
                    // Every number that the loop could adopt is taken.
                    while taken.last ?? 0 < 127 { taken.append(open("/dev/null", O_RDONLY)) }
                    let connection = await Connection.dial(loop, .host("127.0.0.1", port: listener.port))
                    try await eventually("an outcome") {
                        connection.record.isOver || connection.record.now.established == 1
                    }
                    failure = connection.record.now.failures.first
                    await connection.with { $0.abort() }
                    try await eventually("no open socket") { loop.openSockets == 0 }
                    while let last = taken.popLast() { close(last) }
                }
                guard case .resources(EMFILE)? = failure else {
                    Issue.record("\(String(describing: failure))")
                    return
                }
            }
        }
    }
}

/// A port on which a connect gets no answer: a listener whose queue is full.
private final class Blackhole {
    let port: UInt16
    private let listener: RawListener
    private var queued: [Int32] = []

    init(host: String = "127.0.0.1") throws {
        listener = try RawListener(host: host, backlog: 0)
        port = listener.port
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        // A queue of length 0 holds one connection, and its SYN queue forgets the rest.
        for _ in 0..<4 {
            let descriptor = socket(host.contains(":") ? AF_INET6 : AF_INET, flags, 0)
            _ = listener.address.withSockaddr { connect(descriptor, $0, $1) }
            queued.append(descriptor)
        }
    }

    deinit {
        for descriptor in queued { close(descriptor) }
    }
}
