import MonotonicTime

/// At most so many in every window of that length.
public struct Rate: Sendable, Hashable {
    /// The most that one window may hold; at least 1.
    public let count: Int
    /// The length of the window; longer than zero.
    public let per: Duration

    /// A rate. A count below 1 is taken as 1, a length below a millisecond as a millisecond.
    public init(_ count: Int, per: Duration) {
        self.count = max(count, 1)
        self.per = max(per, .milliseconds(1))
    }
}

/// True sliding windows over one history: no window of any of the rates, wherever it begins, holds more than its count.
///
/// What is counted takes time, and only the other side knows at which moment of it its own clock ticks. So each one
/// counts from its begin until the length of the window after its end: whatever instant between the two the other side
/// picks, it never finds more in a window than the rate allows.
///
/// A value; time is an argument. It remembers at most as many ends as the largest count.
public struct SlidingWindow: Sendable, Hashable {
    /// The rates that hold, all of them.
    public private(set) var rates: [Rate]
    /// How many have begun and not ended.
    public private(set) var running = 0

    /// The newest ends, as a ring once it is full.
    private var ends: [Instant] = []
    /// Where the next end goes once the ring is full: the place of the oldest.
    private var oldest = 0
    private var capacity: Int
    private var longest: Duration

    /// Windows without a past. Without rates everything is free at once.
    public init(_ rates: [Rate]) {
        self.rates = rates
        capacity = rates.map(\.count).max() ?? 0
        longest = rates.map(\.per).max() ?? .zero
    }

    /// From when on one more may begin; nil if not before one that is running has ended.
    public var nextFree: Instant? {
        var free = Instant.origin
        for rate in rates {
            guard running < rate.count else { return nil }
            free = max(free, freed(rate, after: rate.count - running))
        }
        return free
    }

    /// When the one that comes after `others` more can begin at the earliest, and the rate that makes it wait.
    ///
    /// - Returns: nil if it need not wait for a rate.
    public func estimate(after others: Int, now: Instant) -> (begin: Instant, rate: Rate)? {
        var latest: (begin: Instant, rate: Rate)?
        for rate in rates {
            let (rounds, rest) = max(others, 0).quotientAndRemainder(dividingBy: rate.count)
            let place = rate.count - rest - running
            let begin = (place > 0 ? max(freed(rate, after: place), now) : now + rate.per) + rate.per * rounds
            if begin > latest?.begin ?? now { latest = (begin, rate) }
        }
        return latest
    }

    /// One begins.
    public mutating func begin() {
        running += 1
    }

    /// One that had begun has ended. `now` does not go back from call to call.
    public mutating func end(at now: Instant) {
        running -= running > 0 ? 1 : 0
        note(now)
    }

    /// Whether nothing of the past matters any more.
    public func isForgotten(at now: Instant) -> Bool {
        running == 0 && (newest.map { $0 + longest < now } ?? true)
    }

    /// The ends that still matter, the oldest first.
    public func remembered(at now: Instant) -> [Instant] {
        (ends[oldest...] + ends[..<oldest]).filter { $0 + longest >= now }
    }

    /// Takes over what another remembered; an end in the future counts as one of now, and so does what ran.
    public mutating func restore(_ remembered: [Instant], running: Int, now: Instant) {
        for end in remembered.map({ min($0, now) }).sorted() { note(end) }
        for _ in 0..<min(max(running, 0), capacity) { note(now) }
    }

    /// Takes every window as full at `instant`: nobody knows what was.
    public mutating func fill(at instant: Instant) {
        for _ in 0..<capacity { note(instant) }
    }

    /// Other rates hold from now on, for what is remembered too. A window that is larger than all before knows only as
    /// much as they had to remember.
    public mutating func change(_ rates: [Rate]) {
        let known = ends[oldest...] + ends[..<oldest]
        let running = running
        self = SlidingWindow(rates)
        self.running = running
        for end in known { note(end) }
    }

    // MARK: The ring

    private var newest: Instant? {
        ends.isEmpty ? nil : ends[(oldest + ends.count - 1) % ends.count]
    }

    private mutating func note(_ end: Instant) {
        guard capacity > 0 else { return }
        if ends.count < capacity {
            ends.append(end)
        } else {
            ends[oldest] = end
            oldest = (oldest + 1) % capacity
        }
    }

    /// When the end that is the `place`-th from the newest leaves the windows of `rate`: one that is exactly as long as
    /// the rate says still holds it.
    private func freed(_ rate: Rate, after place: Int) -> Instant {
        guard place <= ends.count else { return .origin }
        return ends[(oldest + ends.count - place) % ends.count] + rate.per + .nanoseconds(1)
    }
}
