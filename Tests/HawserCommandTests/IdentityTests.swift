import TestSupport
import Testing

/// Numbered messages through the whole program into a file, over connections that the server drops at random.
struct IdentityRound {
    var feeds: Int
    /// Messages of each feed.
    var messages: Int
    var cutAfter: ClosedRange<Int>

    func run() async throws {
        let source = LossyFeeds(
            upTo: messages,
            cutAfter: cutAfter,
            generator: SeededGenerator("message identity")
        )
        let server = try FaultServer(source.behaviour)
        let subscriptions = (1...feeds).map { "  s\($0): {url: \"\(server.url("/s\($0)"))\"}\n" }.joined()
        let daemon = try HeldDaemon(
            """
            limits: {connections: \(feeds), dials: \(FreeDials.yaml(feeds))}
            defaults: {decode: json, reconnect: {first: 1ms, floor: 0s, max: 5ms, reset_after: 0s}}
            sinks: {out: {file: {path: DIR/out.jsonl}}}
            subscriptions:

            """ + subscriptions
        )
        let started = ContinuousClock.now
        try await eventually("every feed has sent all", within: .seconds(400)) {
            source.finished == feeds || daemon.process.exit != nil
        }
        print("\(feeds) × \(messages) messages in \(ContinuousClock.now - started)")
        #expect(try await daemon.process.terminate(grace: .seconds(30)) == .done)
        server.stop()

        let path = daemon.directory.file("out.jsonl")
        let audit = try await onOwnThread { try NumberAudit.file(path) }
        print("\(audit.messages) recorded, \(audit.missing) missing inside \(audit.marks)")
        #expect(audit.problems == [])
        #expect(audit.newest == Dictionary(uniqueKeysWithValues: (1...feeds).map { ("s\($0)", messages) }))
        // Each one is recorded once, or lies in a gap; and what was cut by a reset is not the most of it.
        #expect(audit.messages + audit.missing == feeds * messages)
        #expect(audit.messages > audit.missing)
        #expect(source.skipped > 0 && audit.missing >= source.skipped)
        let gaps = audit.marks.filter { $0.key.hasPrefix("gap ") }.values.reduce(0, +)
        #expect(gaps >= feeds * (messages / cutAfter.upperBound - 1), "\(audit.marks)")
        #expect(audit.marks["gap restart"] == nil)
        #expect(daemon.log("daemon.stopped").first?.integer("received_messages") == audit.messages)
    }
}

@Suite struct IdentityTests {
    @Test("20,000 numbered messages over 20 connections: in order, none twice, each hole in a gap")
    func some() async throws {
        try await IdentityRound(feeds: 20, messages: 1_000, cutAfter: 50...400).run()
    }
}

@Suite struct IdentitySlowTests {
    @Test("1,000,000 numbered messages over 50 connections: in order, none twice, each hole in a gap")
    func million() async throws {
        try await IdentityRound(feeds: 50, messages: 20_000, cutAfter: 200...3_000).run()
    }
}
