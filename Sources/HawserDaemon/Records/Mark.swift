import ConnectionLifecycle

/// Where a message stands in its subscription: the session and the sequence within it, both from 1.
public struct RecordPosition: Sendable, Hashable {
    /// The subscription's session.
    public var session: UInt32
    /// The message's number within the session.
    public var sequence: UInt64

    /// A position.
    public init(session: UInt32, sequence: UInt64) {
        self.session = session
        self.sequence = sequence
    }
}

/// A record that is not a message: a consumer sees from the marks alone where the output has holes.
public enum Mark: Sendable, Hashable {
    /// A session is open; its messages follow.
    case opened(session: UInt32)
    /// A session that was open has ended; no message of it follows.
    case closed(Closed)
    /// Messages may be missing here.
    case gap(Gap)

    /// How a session ended.
    public struct Closed: Sendable, Hashable {
        /// The subscription's session.
        public var session: UInt32
        /// Its one outcome.
        public var outcome: Outcome
        /// The code of the Close frame that decided the end (RFC 6455 section 7.4), if there was one.
        public var closeCode: UInt16?
        /// The reason in that frame; left out if empty.
        public var closeReason: String
        /// The messages received in the session.
        public var messages: UInt64

        /// An end.
        public init(
            session: UInt32,
            outcome: Outcome,
            closeCode: UInt16? = nil,
            closeReason: String = "",
            messages: UInt64
        ) {
            self.session = session
            self.outcome = outcome
            self.closeCode = closeCode
            self.closeReason = closeReason
            self.messages = messages
        }
    }

    /// A hole in a subscription's output. What is not known is left out.
    public struct Gap: Sendable, Hashable {
        /// Why.
        public var cause: GapCause
        /// When it began: nanoseconds since 1970-01-01 UTC.
        public var from: Int64?
        /// When it ended: nanoseconds since 1970-01-01 UTC.
        public var to: Int64?
        /// The last message in front of it.
        public var after: RecordPosition?
        /// The first message behind it.
        public var before: RecordPosition?
        /// Messages that were received and dropped here, as far as they were counted.
        public var dropped: UInt64?

        /// A gap; the parts that are not known stay empty.
        public init(
            cause: GapCause,
            from: Int64? = nil,
            to: Int64? = nil,
            after: RecordPosition? = nil,
            before: RecordPosition? = nil,
            dropped: UInt64? = nil
        ) {
            self.cause = cause
            self.from = from
            self.to = to
            self.after = after
            self.before = before
            self.dropped = dropped
        }
    }
}
