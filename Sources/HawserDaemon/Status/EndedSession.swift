import ConnectionLifecycle
import HawserWebSocket

/// A session that is over, or a dial that came to nothing, as status and `hawser why` show it. An object, because it is
/// large and shared by those that show it; immutable.
final class EndedSession: Sendable {
    /// When, in nanoseconds since 1970-01-01 UTC.
    let at: Int64
    /// The session's number.
    let number: Int
    /// What policy decided by.
    let end: SessionEnd
    /// In plain words, without secrets.
    let text: String
    /// Whether it was open.
    let wasOpen: Bool
    /// The address that was connected, if one was.
    let address: String?
    /// How long each stage of its dial took.
    let timings: DialTimings
    /// What it waited for before it dialled.
    let waits: DialWaits
    /// Whole messages, and the bytes of their payloads.
    let messages: UInt64
    let bytes: UInt64
    /// What follows; nil if nothing is to follow by itself.
    let retry: Retry?

    init(
        _ report: SessionReport,
        number: Int,
        at: Int64,
        text: String,
        waits: DialWaits,
        retry: Retry?
    ) {
        self.at = at
        self.number = number
        end = report.end
        self.text = text
        wasOpen = report.wasOpen
        address = report.address
        timings = report.timings
        self.waits = waits
        messages = report.messages
        bytes = report.bytes
        self.retry = retry
    }

    /// Whose fault it is.
    var blame: Blame { Blame(end) }
}

/// How long a dial waited before it began.
struct DialWaits: Sendable, Hashable {
    /// For one of `limits.connections`.
    var slot = Duration.zero
    /// At the dial gate.
    var gate = Duration.zero
    /// Why at the gate, if it did.
    var reason: DialWait.Reason?
}
