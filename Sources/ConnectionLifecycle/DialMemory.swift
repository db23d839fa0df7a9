import MonotonicTime

/// What the dial gate has to remember across a restart.
public struct DialMemory: Sendable, Hashable {
    /// What there is to remember of a host.
    public struct Host: Sendable, Hashable {
        /// The host.
        public var name: String
        /// When its dials ended that still count, the oldest first.
        public var ends: [Instant]
        /// Dials that have begun and not ended.
        public var running: Int
        /// Until when it asked to be left alone.
        public var heldUntil: Instant?

        /// A host's memory.
        public init(name: String, ends: [Instant] = [], running: Int = 0, heldUntil: Instant? = nil) {
            self.name = name
            self.ends = ends
            self.running = running
            self.heldUntil = heldUntil
        }
    }

    /// Two clocks read in the same moment, and which start of the machine the monotonic one belongs to.
    public struct Clock: Sendable, Hashable {
        /// Differs from one start of the machine to the next; empty if unknown.
        public var boot: String
        /// The monotonic clock.
        public var monotonic: Instant
        /// The wall clock, in nanoseconds since 1970.
        public var wall: Int64

        /// A reading.
        public init(boot: String, monotonic: Instant, wall: Int64) {
            self.boot = boot
            self.monotonic = monotonic
            self.wall = wall
        }
    }

    /// The hosts of which there is anything to remember.
    public var hosts: [Host]
    /// When the windows of every other host are taken as full, because an earlier memory could not be read; nil: they
    /// are taken as empty.
    public var assumedFull: Instant?

    /// A memory.
    public init(hosts: [Host] = [], assumedFull: Instant? = nil) {
        self.hosts = hosts
        self.assumedFull = assumedFull
    }

    /// The same memory in the instants of another clock.
    ///
    /// Within one start of the machine the monotonic clocks are the same, whatever became of the wall clock. Otherwise
    /// the wall clock says how long ago it was; one that went back says nothing, and is taken as no time at all: a
    /// limit may then hold for longer than it had to, by at most the length of its window.
    public func converted(from written: Clock, to now: Clock) -> DialMemory {
        let isSameBoot = written.boot == now.boot && !now.boot.isEmpty && written.monotonic <= now.monotonic
        guard !isSameBoot else { return self }
        let (difference, overflow) = now.wall.subtractingReportingOverflow(written.wall)
        let elapsed = overflow ? Duration.zero : max(.nanoseconds(difference), .zero)
        func convert(_ instant: Instant) -> Instant {
            // Both can be anything: each step saturates.
            let age = Duration.nanoseconds((written.monotonic - instant).saturatedNanoseconds) + elapsed
            return now.monotonic + (.zero - age)
        }
        return DialMemory(
            hosts: hosts.map { host in
                var host = host
                host.ends = host.ends.map(convert)
                host.heldUntil = host.heldUntil.map(convert)
                return host
            },
            assumedFull: assumedFull.map(convert)
        )
    }
}
