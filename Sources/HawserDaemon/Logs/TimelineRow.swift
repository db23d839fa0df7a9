/// The phases of one subscription, one after the other; short ones are drawn together when there are too many.
struct TimelineRow: Sendable, Hashable {
    /// A stretch of time, in one phase unless it is mixed.
    struct Segment: Sendable, Hashable {
        /// The phase, of several the one that lasted longest.
        var phase: LoggedPhase
        var from: Int64
        var to: Int64
        /// How long that phase lasted.
        var share: Int64
        /// Whether there were others, too short to be told apart.
        var isMixed = false
    }

    /// In order, none overlaps another. Where there is none, the phase is unknown.
    private(set) var segments: [Segment] = []

    /// Adds what follows.
    mutating func add(_ span: PhaseSpan) {
        if let last = segments.last, !last.isMixed, last.phase == span.phase, last.to == span.from {
            segments[segments.count - 1].to = span.to
            segments[segments.count - 1].share += span.length
        } else {
            segments.append(Segment(phase: span.phase, from: span.from, to: span.to, share: span.length))
        }
    }

    /// Draws neighbours together that lie within `resolution` nanoseconds.
    mutating func coarsen(to resolution: Int64) {
        var coarse: [Segment] = []
        for segment in segments {
            guard let last = coarse.last, segment.to - last.from <= resolution else {
                coarse.append(segment)
                continue
            }
            var joined = segment.share > last.share ? segment : last
            joined.isMixed = last.isMixed || segment.isMixed || last.phase != segment.phase
            joined.from = last.from
            joined.to = segment.to
            coarse[coarse.count - 1] = joined
        }
        segments = coarse
    }

    /// What is drawn for each of `count` equal parts of the time between two moments.
    func cells(_ count: Int, from start: Int64, to end: Int64) -> [TimelineCell] {
        var next = segments.startIndex
        return (0..<count).map { index in
            let (left, right) = Self.edges(of: index, of: count, from: start, to: end)
            var lengths: [LoggedPhase: Int64] = [:]
            var isInterrupted = false
            while next < segments.endIndex, segments[next].to <= left { next += 1 }
            var current = next
            while current < segments.endIndex, segments[current].from < right {
                let segment = segments[current]
                lengths[segment.phase, default: 0] += min(segment.to, right) - max(segment.from, left)
                let isRedial = segment.phase == .dialing && current > 0 && segments[current - 1].phase == .open
                isInterrupted = isInterrupted || segment.isMixed || isRedial
                current += 1
            }
            return TimelineCell(lengths, isInterrupted: isInterrupted)
        }
    }

    /// The first and last nanosecond of a part; nothing overflows, as times lie between 1970 and 2261.
    private static func edges(of index: Int, of count: Int, from start: Int64, to end: Int64) -> (Int64, Int64) {
        func edge(_ index: Int) -> Int64 {
            start + Int64(Int128(end - start) * Int128(index) / Int128(count))
        }
        return (edge(index), edge(index + 1))
    }
}

/// What is drawn for a short stretch of time: the phase that lasts longest in it.
enum TimelineCell: Sendable, Hashable {
    case phase(LoggedPhase)
    /// Open for the most part, but not all the time.
    case interrupted

    /// - Parameter isInterrupted: whether a session ended in it for all that its lengths do not say.
    init(_ lengths: [LoggedPhase: Int64], isInterrupted: Bool) {
        let longest = lengths.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key ?? .unknown
        let hasOutage = lengths[.backingOff] != nil || lengths[.stale] != nil
        self = longest == .open && (isInterrupted || hasOutage) ? .interrupted : .phase(longest)
    }
}
