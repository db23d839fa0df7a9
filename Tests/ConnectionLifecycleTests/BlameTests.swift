import Testing

@testable import ConnectionLifecycle

/// The table of whose fault an end is.
@Suite("Blame") struct BlameTests {
    @Test(
        "each kind of end is somebody's fault",
        arguments: [
            (SessionEnd(outcome: .peerClosed, stage: .open, closeCode: 1012), Blame.peer),
            (SessionEnd(outcome: .peerVanished, stage: .open), .network),
            (SessionEnd(outcome: .reset, stage: .open), .network),
            (SessionEnd(outcome: .pingTimeout, stage: .open), .network),
            (SessionEnd(outcome: .protocolError, stage: .open, closeCode: 1002), .peer),
            (SessionEnd(outcome: .protocolError, stage: .open, closeCode: 1002, wasClean: true), .us),
            (SessionEnd(outcome: .protocolError, stage: .upgrading, fault: .handshake), .peer),
            (SessionEnd(outcome: .tooBig, stage: .open), .configuration),
            (SessionEnd(outcome: .stale, stage: .open), .peer),
            (SessionEnd(outcome: .sinkBlocked, stage: .open), .us),
            (SessionEnd(outcome: .closeTimeout, cause: .shutdown, stage: .closing), .peer),
            (SessionEnd(outcome: .paused, stage: .open), .operator),
            (SessionEnd(outcome: .rotated, stage: .open), .operator),
        ]
    )
    func ends(end: SessionEnd, blame: Blame) {
        #expect(Blame(end) == blame)
    }

    @Test(
        "a dial that failed is the fault of whoever can change it",
        arguments: [
            (DialFault.name, Stage.resolving, Blame.network), (.unknownName, .resolving, .configuration),
            (.network, .connecting, .network), (.refused, .connecting, .peer), (.timeout, .resolving, .network),
            (.timeout, .connecting, .network), (.timeout, .securing, .peer), (.timeout, .upgrading, .peer),
            (.tls, .securing, .peer), (.certificate, .securing, .peer), (.trust, .securing, .configuration),
            (.handshake, .upgrading, .peer), (.resources, .connecting, .us), (.reference, .resolving, .configuration),
        ]
    )
    func dials(fault: DialFault, stage: Stage, blame: Blame) {
        for outcome in [Outcome.dialFailed, .tlsFailed, .internal] {
            #expect(Blame(SessionEnd(outcome: outcome, stage: stage, fault: fault)) == blame)
        }
    }

    @Test(
        "a rejection is the fault of the configuration, of too many dials, or of the server",
        arguments: [
            (301, Blame.configuration), (401, .configuration), (404, .configuration), (429, .us), (500, .peer),
            (503, .peer), (200, .peer),
        ]
    )
    func rejections(status: Int, blame: Blame) {
        #expect(Blame(SessionEnd(outcome: .rejected, stage: .upgrading, status: status)) == blame)
    }
}
