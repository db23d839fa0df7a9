import ConnectionLifecycle
import Testing

@Suite("Disposition")
struct DispositionTests {
    private func disposition(_ end: SessionEnd) -> Disposition {
        DispositionTable.standard.disposition(of: end)
    }

    @Test(
        "close codes of the peer",
        arguments: [1000, 1001, 1005, 1006, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4003, 4999] as [UInt16]
    )
    func retriedCloseCodes(code: UInt16) {
        #expect(disposition(SessionEnd(outcome: .peerClosed, stage: .open, closeCode: code)) == .retry)
    }

    @Test(
        "close codes that say that one side breaks the protocol",
        arguments: [1002, 1003, 1007, 1008, 1009, 1010] as [UInt16]
    )
    func slowCloseCodes(code: UInt16) {
        #expect(disposition(SessionEnd(outcome: .peerClosed, stage: .open, closeCode: code)) == .slow)
        #expect(disposition(SessionEnd(outcome: .protocolError, stage: .open, closeCode: code)) == .slow)
        #expect(disposition(SessionEnd(outcome: .tooBig, stage: .open, closeCode: code)) == .slow)
    }

    @Test(
        "statuses",
        arguments: [
            (401, Disposition.refreshCredentials), (403, .refreshCredentials), (407, .refreshCredentials),
            (429, .retryAfter(.seconds(30))), (503, .retryAfter(.seconds(30))),
            (500, .retry), (501, .retry), (502, .retry), (504, .retry), (599, .retry),
            (400, .slow), (404, .slow), (426, .slow), (300, .slow), (301, .slow), (308, .slow), (200, .slow),
            (204, .slow),
            (100, .slow), (600, .slow), (0, .slow), (-1, .slow),
        ]
    )
    func statuses(status: Int, expected: Disposition) {
        #expect(disposition(SessionEnd(outcome: .rejected, stage: .upgrading, status: status)) == expected)
    }

    @Test("Retry-After is honoured, at most 15 minutes, and only with 429 and 503")
    func retryAfter() {
        func end(_ status: Int, _ after: Duration) -> SessionEnd {
            SessionEnd(outcome: .rejected, stage: .upgrading, status: status, retryAfter: after)
        }
        #expect(disposition(end(429, .seconds(7))) == .retryAfter(.seconds(7)))
        #expect(disposition(end(503, .seconds(900))) == .retryAfter(.seconds(900)))
        #expect(disposition(end(503, .seconds(901))) == .retryAfter(.seconds(900)))
        #expect(disposition(end(503, .seconds(-1))) == .retryAfter(.zero))
        #expect(disposition(end(502, .seconds(7))) == .retry)
        #expect(disposition(end(404, .seconds(7))) == .slow)
    }

    @Test("TLS: the certificate is for a person, the rest may pass")
    func tls() {
        #expect(disposition(SessionEnd(outcome: .tlsFailed, stage: .securing, fault: .certificate)) == .slow)
        #expect(disposition(SessionEnd(outcome: .tlsFailed, stage: .securing, fault: .trust)) == .slow)
        #expect(disposition(SessionEnd(outcome: .tlsFailed, stage: .securing, fault: .tls)) == .retry)
    }

    @Test("an answer that is no opening handshake is a broken protocol")
    func handshake() {
        #expect(disposition(SessionEnd(outcome: .protocolError, stage: .upgrading, fault: .handshake)) == .slow)
    }

    @Test(
        "network errors, ends without Close, timeouts and our own ends are retried",
        arguments: [
            Outcome.peerVanished, .reset, .pingTimeout, .stale, .sinkBlocked, .dialFailed, .closeTimeout, .internal,
            .rotated, .reloaded, .paused, .shutdown,
        ]
    )
    func retried(outcome: Outcome) {
        for fault in [nil, DialFault.name, .unknownName, .network, .refused, .timeout, .tls, .resources, .reference] {
            #expect(disposition(SessionEnd(outcome: outcome, stage: .connecting, fault: fault)) == .retry)
        }
    }

    @Test("a rule goes before the default: by status, by close code of either side, and by name")
    func rules() {
        var table = DispositionTable()
        table[.status(404)] = .retry
        table[.status(502)] = .retryAfter
        table[.closeCode(4003)] = .refresh
        table[.closeCode(1013)] = .slow
        table[.closeCode(1009)] = .after(.seconds(120))
        table[.failure(.tooBig)] = .retry
        table[.failure(.dns)] = .slow
        table[.failure(.certificate)] = .retry
        table[.failure(.handshake)] = .retry
        table[.failure(.pingTimeout)] = .slow
        func rejected(_ status: Int) -> SessionEnd {
            SessionEnd(outcome: .rejected, stage: .upgrading, status: status, retryAfter: .seconds(7))
        }
        func closed(_ code: UInt16, _ outcome: Outcome = .peerClosed) -> SessionEnd {
            SessionEnd(outcome: outcome, stage: .open, closeCode: code)
        }
        let cases: [(SessionEnd, Disposition)] = [
            (rejected(404), .retry), (rejected(502), .retryAfter(.seconds(7))), (rejected(410), .slow),
            (closed(4003), .refreshCredentials), (closed(1013), .slow), (closed(1000), .retry),
            (closed(1009), .after(.seconds(120))), (closed(1009, .tooBig), .after(.seconds(120))),
            (SessionEnd(outcome: .tooBig, stage: .open), .retry),
            (SessionEnd(outcome: .dialFailed, stage: .resolving, fault: .name), .slow),
            (SessionEnd(outcome: .dialFailed, stage: .connecting, fault: .network), .retry),
            (SessionEnd(outcome: .tlsFailed, stage: .securing, fault: .certificate), .retry),
            (SessionEnd(outcome: .protocolError, stage: .upgrading, fault: .handshake), .retry),
            (closed(1002, .protocolError), .slow),
            (SessionEnd(outcome: .pingTimeout, stage: .open), .slow),
        ]
        for (end, expected) in cases { #expect(table.disposition(of: end) == expected, "\(end)") }
    }

    @Test("what we ended ourselves has no rule")
    func ownEnds() {
        var table = DispositionTable()
        for failure in DispositionTable.Failure.allCases { table[.failure(failure)] = .slow }
        for outcome in [Outcome.sinkBlocked, .stale, .rotated, .reloaded, .shutdown, .closeTimeout, .internal] {
            #expect(table.disposition(of: SessionEnd(outcome: outcome, stage: .open)) == .retry)
        }
    }

    @Test("the cause of a gap is what began the end")
    func gapCauses() {
        #expect(GapCause(SessionEnd(outcome: .closeTimeout, cause: .shutdown, stage: .closing)) == .shutdown)
        #expect(GapCause(SessionEnd(outcome: .pingTimeout, stage: .open)) == .watchdog)
        #expect(GapCause(SessionEnd(outcome: .peerClosed, stage: .open)) == .peer)
    }
}
