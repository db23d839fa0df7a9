import ConnectionLifecycle
import HawserWebSocket

extension SessionReport {
    /// Whether the opening handshake had succeeded.
    var wasOpen: Bool {
        end.stage == .open || end.stage == .closing
    }

    /// A session that could not even be tried.
    static func notDialed(
        _ outcome: Outcome,
        fault: DialFault = .reference,
        because detail: String
    ) -> SessionReport {
        SessionReport(
            end: SessionEnd(outcome: outcome, stage: .resolving, fault: outcome.isRequested ? nil : fault),
            detail: detail
        )
    }
}
