import ConnectionLifecycle
import MonotonicTime

/// What the simulated network and servers do later.
enum NetworkEvent {
    /// A stage of the dial, or its failure, or a frame, arrives here.
    case arrives(SessionEvent)
    /// The dial goes on after the name was resolved, the connection was made, the proxy has let us through, or TLS was
    /// done.
    case resolved, connected, tunneled, secured
    /// The server sends a message, and will send another.
    case feeds
    /// The time of `goesSilent` has come.
    case fallsSilent
    /// The server looks for idle peers.
    case looksForIdle
    case abortReported
}

extension Simulator {
    func happen(_ event: NetworkEvent, to session: SimulatedSession) {
        switch event {
        case .arrives(let event): deliver(event, to: session)
        case .resolved: resolved(session)
        case .connected: connected(session)
        case .tunneled: tunneled(session)
        case .secured: secured(session)
        case .feeds: feed(session)
        case .fallsSilent: session.isSilent = true
        case .looksForIdle: lookForIdle(session)
        case .abortReported: send(.transportEnded(.aborted), to: session)
        }
    }

    private func arrive(_ event: SessionEvent, at session: SimulatedSession, after delay: Duration) {
        schedule(.network(session, .arrives(event)), after: delay)
    }

    // MARK: - Dial

    func dial(_ session: SimulatedSession) {
        switch session.behaviour {
        case .nameFails: failDial(.name, session)
        case .nameStuck: break
        case .nameSlow(let delay), .crawls(let delay): schedule(.network(session, .resolved), after: delay)
        default: schedule(.network(session, .resolved), after: session.latency)
        }
    }

    private func resolved(_ session: SimulatedSession) {
        guard session.transportExists else { return }
        send(.resolved, to: session)
        switch session.behaviour {
        case .refused: failDial(.network, session)
        case .blackholed: break
        case .connectSlow(let delay), .crawls(let delay): schedule(.network(session, .connected), after: delay)
        default: schedule(.network(session, .connected), after: session.latency * 2)
        }
    }

    private func connected(_ session: SimulatedSession) {
        guard session.transportExists else { return }
        arrived(session)
        send(.connected, to: session)
        // Progress that is reported late, or twice, does not set the dial back.
        send(.resolved, to: session)
        switch session.behaviour {
        case .proxied: schedule(.network(session, .tunneled), after: session.latency * 3)
        case .proxyStalls: break
        case .proxyRefuses(let fault): failDial(fault, session)
        default: secure(session)
        }
    }

    private func tunneled(_ session: SimulatedSession) {
        guard session.transportExists else { return }
        send(.tunneled, to: session)
        send(.connected, to: session)
        secure(session)
    }

    private func secure(_ session: SimulatedSession) {
        switch session.behaviour {
        case .tlsStalls: break
        case .tlsFails: failDial(.tls, session)
        case .certificateWrong: failDial(.certificate, session)
        case .crawls(let delay): schedule(.network(session, .secured), after: delay)
        default: schedule(.network(session, .secured), after: session.latency * 4)
        }
    }

    private func secured(_ session: SimulatedSession) {
        guard session.transportExists else { return }
        send(.established, to: session)
        send(.connected, to: session)
    }

    private func failDial(_ fault: DialFault, _ session: SimulatedSession) {
        arrive(.dialFailed(fault), at: session, after: session.latency * 2)
    }

    func answerUpgrade(_ session: SimulatedSession) {
        let roundTrip = session.latency * 2
        switch session.behaviour {
        case .upgradeIgnored: break
        case .upgradeGarbled: arrive(.dialFailed(.handshake), at: session, after: roundTrip)
        case .upgradeCut: arrive(.transportEnded(.eof), at: session, after: roundTrip)
        case .rejected(let status, let retryAfter):
            arrive(.rejected(status: status, retryAfter: retryAfter), at: session, after: roundTrip)
        case .upgradeSlow(let delay), .crawls(let delay): arrive(.upgraded, at: session, after: delay)
        default: arrive(.upgraded, at: session, after: roundTrip)
        }
    }

    // MARK: - Open

    /// Plans what the server does to an open session.
    func liveOn(_ session: SimulatedSession) {
        switch session.behaviour {
        case .vanishes(let after): arrive(.transportEnded(.eof), at: session, after: after)
        case .resets(let after): arrive(.transportEnded(.reset), at: session, after: after)
        case .violates(let code, let after): arrive(.violated(closeCode: code), at: session, after: after)
        case .goesSilent(let after): schedule(.network(session, .fallsSilent), after: after)
        case .closes(let code, let after, _):
            arrive(.closeReceived(code: code, reason: "over"), at: session, after: after)
        case .dropsIdle(let after):
            schedule(.network(session, .looksForIdle), after: after)
            return
        case .ignoresPings, .ignoresClose: return
        default: break
        }
        schedule(.network(session, .feeds), after: .milliseconds(700))
    }

    private func feed(_ session: SimulatedSession) {
        guard session.transportExists, !session.isSilent, session.machine.state == .open else { return }
        if !session.isReadingPaused { session.delivered = true }
        deliver(.bytesReceived, to: session)
        schedule(
            .network(session, .feeds),
            after: .milliseconds(Int.random(in: 100...4000, using: &generator))
        )
    }

    private func lookForIdle(_ session: SimulatedSession) {
        guard session.transportExists, case .dropsIdle(let limit) = session.behaviour else { return }
        let quiet = session.serverHeardAt.duration(to: now)
        if quiet >= limit {
            deliver(.transportEnded(.eof), to: session)
        } else {
            schedule(.network(session, .looksForIdle), after: limit - quiet)
        }
    }

    func receivePing(_ id: UInt64, from session: SimulatedSession) {
        guard session.transportExists, !session.isSilent else { return }
        session.serverHeardAt = now
        if session.behaviour == .ignoresPings || session.behaviour == .feedsWithoutPongs { return }
        arrive(.bytesReceived, at: session, after: session.latency * 2)
        arrive(.pongReceived(id: id), at: session, after: session.latency * 2)
    }

    func receiveClose(from session: SimulatedSession) {
        guard session.transportExists, !session.isSilent else { return }
        let roundTrip = session.latency * 2
        switch session.behaviour {
        case .ignoresClose, .abortGetsLost: break
        case .closes(_, _, endsTransport: false):
            arrive(.closeReceived(code: 1000, reason: ""), at: session, after: roundTrip)
        default:
            arrive(.closeReceived(code: 1000, reason: ""), at: session, after: roundTrip)
            arrive(.transportEnded(.eof), at: session, after: roundTrip)
        }
    }
}
