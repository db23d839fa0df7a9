import ConnectionLifecycle
import Glibc
import TestSupport
import Testing

@testable import HawserDaemon

/// Real faults, and what `hawser why` says of each.
@Suite("Why") struct WhyTests {
    @Test(
        "each injected fault has its right answer: why, whose fault, how long each stage took, and what comes next",
        arguments: InjectedFault.dials + InjectedFault.sessions
    )
    func answers(fault: InjectedFault) async throws {
        let directory = try TemporaryDirectory()
        let (servers, yaml) = try fault.inject(directory)
        var text =
            "status: {socket: DIR/hawser.sock}\nsinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}\n" + yaml
        if fault.name == "too big" { text += "limits: {message_size: 1KiB, dials: \(FreeDials.yaml())}\n" }
        let runner = try DaemonRunner(text, in: directory, lookup: fault.lookup)
        _ = try await runner.run { runner in
            try await fault.act?(runner)
            var answer: JSONTree?
            try await eventually("\(fault.name): \(fault.phase)", within: .seconds(30)) {
                answer = try await runner.ask(.why(["a"]))["result"]
                return answer?["subscriptions"]?.elements.first?["phase"]?.text == fault.phase
            }
            let result = try #require(answer)
            let row = try #require(result["subscriptions"]?.elements.first)
            let because = row["because"]
            #expect(because?["fault"]?.text == fault.blame.rawValue, "\(row)")
            let said = [because?["text"]?.text, because?["advice"]?.text].compactMap { $0 }.joined(separator: " / ")
            for text in fault.texts { #expect(said.contains(text), "\(said)") }
            for stage in fault.stages {
                #expect(row["last_end"]?["\(stage)_ms"]?.decimal != nil, "no time of \(stage): \(row)")
            }
            #expect(row["next"]?["text"]?.text?.isEmpty == false)
            if fault.phase == "backing_off" {
                #expect(StatusText.moment(row["next"]?["at"]) != nil)
                #expect(row["transitions"]?.elements.first?["end"]?["text"]?.text == because?["text"]?.text)
            }
            let lines = WhyText(result, now: 0).lines.joined(separator: "\n")
            for text in fault.texts { #expect(lines.contains(text), "\(lines)") }
        }
        withExtendedLifetime(servers) {}
    }

    @Test("there are more than twenty faults, and none has the name of another")
    func twenty() {
        let names = (InjectedFault.dials + InjectedFault.sessions).map(\.name)
        #expect(names.count >= 20 && Set(names).count == names.count)
    }

    @Test("what happened is kept up to 32 entries, a flapping sink being one")
    func bounded() {
        var history = SubscriptionHistory(now: 0)
        for index in 0..<100 {
            history.requested(.redial, by: Requester(peer: ControlPeer(), name: "n\(index)"), now: Int64(index))
        }
        #expect(history.transitions.count == SubscriptionHistory.limit)
        #expect(history.transitions.last?.text == "redial by n99" && history.transitions.first?.text == "redial by n68")
        for index in 0..<1_000 {
            history.paused(by: ["archive"], now: Int64(index) * 2_000_000)
            history.resumed(now: Int64(index) * 2_000_000 + 1_000_000)
        }
        #expect(history.transitions.count { $0.isBlocked } == 1)
        let text = "reading was paused for sink archive 1000 times, for 1.0s so far"
        #expect(history.transitions.last?.text == text)
    }
}

/// A port of 127.0.0.1 whose queue of connections is full, so that connecting to it stalls.
final class FullListener: Sendable {
    let port: UInt16
    private let descriptors: [Int32]

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        func call(_ body: (UnsafeMutablePointer<sockaddr>) -> Int32) -> Int32 {
            withUnsafeMutablePointer(to: &address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1, body) }
        }
        guard call({ bind(listener, $0, length) }) == 0, listen(listener, 0) == 0,
            call({ getsockname(listener, $0, &length) }) == 0
        else {
            close(listener)
            throw SystemCallError("listen")
        }
        port = UInt16(bigEndian: address.sin_port)
        var descriptors = [listener]
        // One more than the backlog fits; of these some are in the queue, and the others stall as the next one will.
        for _ in 0..<4 {
            let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            _ = call { connect(client, $0, length) }
            descriptors.append(client)
        }
        self.descriptors = descriptors
    }

    deinit {
        for descriptor in descriptors { close(descriptor) }
    }
}

/// Blocks the thread, as a look-up in the C library does.
func sleepBlocking(_ duration: Duration) {
    usleep(UInt32(clamping: duration.components.seconds * 1_000_000))
}
