import Locking
import Glibc
import MonotonicTime
import NameResolution
import TestSupport
import Testing

/// Look-ups off every loop: merged, kept for a while, abandoned without harm.
@Suite("Name resolver")
struct NameResolverTests {
    private typealias Answer = Result<[SocketAddress], NameResolutionError>

    /// A name server that the test plays: every question waits for its answer.
    private final class Source: Sendable {
        private let gates = OrderedMutex<[String: StopSignal]>([:])
        let asked = Collected<String>()

        func gate(_ host: String) throws {
            let signal = try StopSignal()
            gates.withLock { $0[host] = signal }
        }

        func open(_ host: String) {
            gates.withLock { $0[host] }?.raise()
        }

        func answer(_ host: String) -> Result<[SocketAddress], NameResolutionError> {
            asked.append(host)
            let gate = gates.withLock { $0[host] }
            _ = gate?.wait(atMost: .seconds(20))
            guard !host.hasPrefix("bad"), let address = SocketAddress(ipLiteral: "192.0.2.1", port: 0) else {
                return .failure(NameResolutionError(host: host, kind: .notFound, detail: "no such name"))
            }
            return .success([address])
        }
    }

    private let start = Instant(nanoseconds: 1_000_000_000)

    private func make(threads: Int = 4, ttl: Duration = .seconds(60)) -> (NameResolver, Source) {
        let source = Source()
        return (NameResolver(threads: threads, ttl: ttl) { source.answer($0) }, source)
    }

    @discardableResult
    private func ask(
        _ resolver: NameResolver,
        _ host: String,
        port: UInt16 = 443,
        at now: Instant? = nil,
        _ answers: Collected<Answer>
    ) -> Lookup {
        resolver.resolve(host, port: port, now: now ?? start) { answers.append($0) }
    }

    private func port(_ answer: Answer?) -> UInt16? {
        guard case .success(let addresses)? = answer else { return nil }
        return addresses.first?.port
    }

    @Test("an IP literal is answered within the call, without a look-up")
    func literal() {
        let (resolver, source) = make()
        let answers = Collected<Answer>()
        ask(resolver, "::1", port: 80, answers)
        ask(resolver, "127.0.0.1", port: 80, answers).cancel()
        #expect(answers.count == 2)
        #expect(answers.values.map { port($0) } == [80, 80])
        #expect(source.asked.count == 0)
        #expect(resolver.activeThreads == 0)
    }

    @Test("look-ups of one name at the same time are one, and each gets its own port")
    func merging() async throws {
        let (resolver, source) = make()
        try source.gate("feed.test")
        let answers = Collected<Answer>()
        for number in 0..<50 { ask(resolver, "feed.test", port: UInt16(1000 + number), answers) }
        source.open("feed.test")
        try await eventually("50 answers") { answers.count == 50 }
        #expect(Set(answers.values.compactMap { port($0) }) == Set((1000..<1050).map { UInt16($0) }))
        #expect(source.asked.count == 1)
    }

    @Test("an answer is kept for its time, a failure is not")
    func cache() async throws {
        let (resolver, source) = make(ttl: .seconds(60))
        let answers = Collected<Answer>()
        ask(resolver, "feed.test", answers)
        try await eventually("an answer") { answers.count == 1 }
        ask(resolver, "feed.test", port: 80, at: start + .seconds(59), answers)
        #expect(answers.count == 2, "answered within the call")
        #expect(port(answers.values.last) == 80)
        ask(resolver, "feed.test", at: start + .seconds(60), answers)
        try await eventually("a fresh answer") { answers.count == 3 }
        #expect(source.asked.count == 2)
        for count in 4...5 {
            ask(resolver, "bad.test", answers)
            try await eventually("a failure") { answers.count == count }
        }
        #expect(source.asked.count == 4)
        guard case .failure(let error)? = answers.values.last else {
            Issue.record("\(answers.values)")
            return
        }
        #expect(error.kind == .notFound)
        #expect("\(error)".contains("bad.test"))
    }

    @Test("stuck names do not hold up the others once they are abandoned, and their late answers reach nobody")
    func stuck() async throws {
        let (resolver, source) = make(threads: 2)
        let late = Collected<Answer>()
        let answers = Collected<Answer>()
        var lookups: [Lookup] = []
        for host in ["stuck1", "stuck2"] {
            try source.gate(host)
            lookups.append(ask(resolver, host, late))
        }
        try await eventually("both threads are taken") { source.asked.count == 2 }
        ask(resolver, "feed.test", answers)
        let withdrawn = ask(resolver, "never.test", late)
        #expect(answers.count == 0)
        withdrawn.cancel()
        for lookup in lookups { lookup.cancel() }
        try await eventually("an answer") { answers.count == 1 }
        // Stuck as it is, the name may be asked for again, and then its answer counts.
        let again = Collected<Answer>()
        ask(resolver, "stuck1", again)
        source.open("stuck1")
        source.open("stuck2")
        try await eventually("the late answer") { again.count == 1 }
        try await eventually("no thread") { resolver.activeThreads == 0 }
        #expect(late.count == 0)
        #expect(!source.asked.values.contains("never.test"))
    }

    @Test("never more threads than four times the limit, and the queue moves on when they come free")
    func bounds() async throws {
        let (resolver, source) = make(threads: 2)
        let answers = Collected<Answer>()
        var hosts: [String] = []
        for number in 0..<12 {
            let host = "stuck\(number)"
            hosts.append(host)
            try source.gate(host)
            let lookup = ask(resolver, host, answers)
            if number < 8 { try await eventually("it is asked") { source.asked.count == number + 1 } }
            lookup.cancel()
        }
        #expect(resolver.activeThreads == 8)
        let good = Collected<Answer>()
        ask(resolver, "feed.test", good)
        #expect(resolver.activeThreads == 8)
        hosts.forEach(source.open)
        try await eventually("an answer") { good.count == 1 }
        try await eventually("no thread") { resolver.activeThreads == 0 }
        #expect(answers.count == 0)
        #expect(source.asked.count == 9, "a name that nobody waits for is not looked up")
    }

    @Test("shutdown answers whoever waits, and whoever asks later, with the news of it")
    func shutdown() async throws {
        let (resolver, source) = make()
        try source.gate("feed.test")
        let answers = Collected<Answer>()
        ask(resolver, "feed.test", answers)
        try await eventually("it is asked") { source.asked.count == 1 }
        resolver.shutdown()
        source.open("feed.test")
        try await eventually("no thread") { resolver.activeThreads == 0 }
        #expect(answers.count == 1)
        ask(resolver, "feed.test", answers)
        let kinds = answers.values.map { answer -> NameResolutionError.Kind? in
            if case .failure(let error) = answer { error.kind } else { nil }
        }
        #expect(kinds == [.shutDown, .shutDown])
    }

    @Test("the system's resolver knows localhost, and says so of a name that cannot exist")
    func system() async throws {
        let resolver = NameResolver()
        let answers = Collected<Answer>()
        ask(resolver, "localhost", port: 7, answers)
        try await eventually("an answer") { answers.count == 1 }
        guard case .success(let addresses)? = answers.values.first else {
            Issue.record("\(answers.values)")
            return
        }
        #expect(addresses.contains { ["127.0.0.1", "::1"].contains($0.host) && $0.port == 7 })
        #expect(Set(addresses).count == addresses.count)
        // Refused by the C library itself, so that no name server is asked.
        ask(resolver, String(repeating: "x", count: 300), answers)
        try await eventually("a failure", within: .seconds(60)) { answers.count == 2 }
        guard case .failure? = answers.values.last else {
            Issue.record("\(answers.values)")
            return
        }
    }
}
