/// Where a dial goes, as far as the limits on dials tell places apart.
public struct DialSite: Sendable, Hashable {
    /// The host, without its port: whom the rates and a Retry-After count for.
    public var host: String
    /// The origin: scheme, host and port (RFC 6454 section 4).
    public var origin: String

    /// A site.
    public init(host: String, origin: String) {
        self.host = host
        self.origin = origin
    }
}

/// What happened at the dial gate. One that makes no sense is ignored, so late callbacks are harmless.
public enum DialEvent: Sendable, Hashable {
    /// How a dial that was released is over.
    public enum End: Sendable, Hashable {
        /// The session is open.
        case opened
        /// It failed.
        case failed
        /// It was given up on this side.
        case abandoned
    }

    /// Someone wants to dial, and waits at the tail of its host's queue. Nothing if it waits or dials already.
    case requested(Int, DialSite)
    /// It does not want to any more. A dial that is released already stays released until it is ended.
    case withdrawn(Int)
    /// A dial that was released is over.
    case ended(Int, DialEvent.End)
    /// The host asks to be left alone for so long; at most 15 minutes are honoured.
    case held(host: String, for: Duration)
    /// `DialGovernor.nextDeadline` has come. Early or late is harmless.
    case deadlineReached
}

/// What the dial gate has to do. The list is closed.
public enum DialAction: Sendable, Hashable {
    /// Let it dial; say `ended` once it is open, has failed, or is given up.
    case release(Int)
    /// It waits; for the log.
    case queued(Int, DialWait)
    /// The first dial of the host that opened after others had failed: those that back off for it need not.
    case hostRecovered(String)
}

/// Why a dial waits.
public struct DialWait: Sendable, Hashable {
    /// What it waits for; of several, what was found first in this order.
    public enum Reason: Sendable, Hashable {
        /// The host's Retry-After.
        case retryAfter
        /// A rate of the host.
        case rate(Rate)
        /// A place among the dials of its origin at once.
        case origin
        /// A place among the dials of the process at once.
        case process
    }

    /// Why.
    public var reason: Reason
    /// Its place among those that wait for the host, from 1.
    public var position: Int
    /// How long it waits at least; nil if that depends on how long other dials take.
    public var delay: Duration?

    /// A wait.
    public init(reason: Reason, position: Int, delay: Duration?) {
        self.reason = reason
        self.position = position
        self.delay = delay
    }
}
