import ConnectionLifecycle
import MonotonicTime
import Testing

@Suite("SessionMachine: any events in any order")
struct SessionMachinePropertyTests {
    static let events: [SessionEvent] = [
        .started, .resolved, .connected, .established, .upgraded, .rejected(status: 503, retryAfter: nil),
        .dialFailed(.network), .bytesReceived, .pongReceived(id: 1), .pongReceived(id: nil),
        .closeReceived(code: 1000, reason: ""), .closeReceived(code: 1005, reason: ""), .violated(closeCode: 1002),
        .closeRequested(.shutdown, code: 1001, reason: ""), .readingPaused, .readingResumed, .transportEnded(.eof),
        .transportEnded(.aborted), .deadlineReached,
    ]

    @Test("nothing follows the end, in whatever state an event comes late")
    func deafAfterEnd() {
        var session = Session.inState(.closed)
        for event in Self.events {
            #expect(session.on(event, 100) == [])
            #expect(session.machine.nextDeadline == nil)
        }
    }

    @Test("every event in every state is harmless, twice")
    func everyEventInEveryState() {
        for state in SessionMachine.State.allCases {
            for event in Self.events {
                var session = Session.inState(state)
                _ = session.on(event, 0.5)
                _ = session.on(event, 0.5)
                let settled: Set<SessionMachine.State> = [.idle, .closed]
                #expect(session.machine.nextDeadline != nil || settled.contains(session.machine.state))
            }
        }
    }

    @Test("random events: one end, none after it, always a deadline, and over within 3 s of a close request")
    func randomEvents() {
        for seed in 0..<3000 as Range<UInt64> {
            if let failure = run(seed: seed) {
                Issue.record("seed \(seed): \(failure)")
                return
            }
        }
    }

    private func run(seed: UInt64) -> String? {
        var generator = SplitMix64(seed: seed)
        var machine = SessionMachine(isSecure: Bool.random(using: &generator), needsResolution: true)
        var now = Instant.origin
        var ends = 0
        var closedAt: Instant?
        var sentClose = false
        var performed = 0
        // Most runs shall come into the open state.
        let prologue: [SessionEvent] = [.started, .resolved, .connected, .established, .upgraded]
        let length = Int.random(in: 0...5, using: &generator)
        var script = Array(prologue.prefix(length))
        for _ in 0..<40 { script.append(Self.events[Int.random(in: 0..<Self.events.count, using: &generator)]) }
        script.append(.closeRequested(.shutdown, code: 1001, reason: ""))

        func perform(_ event: SessionEvent) -> String? {
            performed += 1
            if performed > 1000 { return "it spins" }
            for action in machine.handle(event, now: now) {
                if ends > 0 { return "\(action) after the end" }
                switch action {
                case .ended: ends += 1
                case .sendClose:
                    if sentClose { return "two Close frames" }
                    sentClose = true
                case .sendPing: if sentClose { return "a ping after Close" }
                case .dial, .sendUpgrade, .opened, .resumeReading, .abortTransport: break
                }
            }
            if machine.state == .closing, closedAt == nil { closedAt = now }
            let needsNone = machine.state == .idle || machine.state == .closed
            if (machine.nextDeadline == nil) != needsNone { return "\(machine.state) with the wrong deadline" }
            if let closedAt, ends == 0, closedAt.duration(to: now) > .seconds(3) { return "not over after 3 s" }
            return nil
        }

        for event in script {
            let later = now + .milliseconds(Int.random(in: 0...1500, using: &generator))
            while let deadline = machine.nextDeadline, deadline <= later {
                now = max(now, deadline)
                if let failure = perform(.deadlineReached) { return failure }
            }
            now = later
            if let failure = perform(event) { return failure }
        }
        while let deadline = machine.nextDeadline {
            now = max(now, deadline)
            if let failure = perform(.deadlineReached) { return failure }
        }
        return ends == 1 ? nil : "\(ends) ends"
    }
}
