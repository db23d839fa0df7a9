import TestSupport
import Testing

@testable import HawserDaemon

/// Numbered messages over connections that are cut at random: each one is in the output once and in order, or lies in a
/// gap that the output marks.
struct IdentityCheck {
    var feeds: Int
    /// Messages of each feed.
    var messages: Int
    var cutAfter: ClosedRange<Int>

    func run() async throws {
        let source = NumberedFeeds(
            messages: messages,
            cutAfter: cutAfter,
            generator: SeededGenerator("message identity")
        )
        let server = try FaultServer(source.behaviour)
        let subscriptions = (0..<feeds).map { "  s\($0): {url: \"\(server.url("/s\($0)"))\"}\n" }.joined()
        let runner = try DaemonRunner(
            """
            limits: {connections: \(feeds), dials: \(FreeDials.yaml(feeds))}
            defaults: {decode: json, reconnect: {first: 1ms, floor: 0s, max: 5ms, reset_after: 0s}}
            sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}
            subscriptions:

            """ + subscriptions
        )
        let feeds = feeds
        _ = try await runner.run { _ in
            try await eventually("every feed has sent all", within: .seconds(120)) { source.finished.count == feeds }
        }
        server.stop()
        let records = try runner.records()
        for index in 0..<feeds { check(records.filter { $0.subscription == "s\(index)" }, "s\(index)") }
    }

    private func check(_ records: [TestRecord], _ name: String) {
        var last = 0
        var gapIsOpen = true
        var position: (session: Int, sequence: Int) = (0, 0)
        for record in records {
            if record.mark == "gap" {
                gapIsOpen = true
                if let after = record.after { #expect(after == position, "\(name): the gap starts elsewhere") }
                #expect(record.before?.sequence == 1, "\(name)")
            }
            guard let number = record.number, let session = record.session, let sequence = record.sequence else {
                continue
            }
            #expect(number > last, "\(name): \(number) after \(last)")
            if number != last + 1 { #expect(gapIsOpen, "\(name): \(last + 1) is missing without a gap") }
            let follows = session == position.session ? sequence == position.sequence + 1 : sequence == 1
            #expect(follows, "\(name): \(session)/\(sequence) after \(position)")
            last = number
            position = (session, sequence)
            gapIsOpen = false
        }
        #expect(last > 0, "\(name): nothing arrived")
    }
}
