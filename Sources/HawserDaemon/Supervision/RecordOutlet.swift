import HawserWebSocket
import Transport

/// Takes the records of one loop that go to the same sinks, and hands them over once a turn.
///
/// Confined to its loop. While one of its sinks is full, every feed that is attached is paused.
final class RecordOutlet: TurnEndHandler {
    private let loop: EventLoop
    private var sinks: [any Sink]
    private var builder: RecordBatchBuilder
    private var isScheduled = false
    private var full: Set<String> = []
    private var feeds: [UInt32: any PausableFeed] = [:]

    init(loop: EventLoop, identity: RunIdentity, sinks: [any Sink]) {
        self.loop = loop
        self.sinks = sinks
        builder = RecordBatchBuilder(identity: identity)
    }

    /// The full sinks' names; empty if records flow.
    var blockedBy: [String] { full.sorted() }

    /// Adds one message.
    ///
    /// - Returns: the time that it is recorded with.
    @inline(__always)
    func append(
        subscription: UInt32,
        session: UInt32,
        sequence: UInt64,
        kind: RecordKind,
        payload: UnsafeRawBufferPointer
    ) -> Int64 {
        let now = WallClock.nanoseconds
        builder.append(
            wallNanoseconds: now,
            subscription: subscription,
            session: session,
            sequence: sequence,
            kind: kind,
            payload: payload
        )
        if !isScheduled { schedule() }
        return now
    }

    /// Adds a mark at the time `now`.
    func append(_ mark: Mark, subscription: UInt32, now: Int64) {
        builder.appendMark(wallNanoseconds: now, subscription: subscription, mark)
        if !isScheduled { schedule() }
    }

    /// Adds what became of a request at the time `now`.
    func append(answer members: [UInt8], number: UInt64, request: UInt32, now: Int64) {
        builder.appendAnswer(wallNanoseconds: now, request: request, number: number, members: members)
        if !isScheduled { schedule() }
    }

    /// Pauses and resumes `feed` with the sinks from now on.
    func attach(_ feed: any PausableFeed, subscription: UInt32) {
        feeds[subscription] = feed
        if !full.isEmpty { feed.pause(for: blockedBy) }
    }

    /// Forgets the feed of `subscription`.
    func detach(subscription: UInt32) {
        feeds[subscription] = nil
    }

    /// Hands the turn's batch to every sink; what they answer holds from now on.
    func turnEnded() {
        isScheduled = false
        guard let batch = builder.seal() else { return }
        for sink in sinks { pressureChanged(of: sink, to: sink.offer(batch)) }
    }

    /// Goes on with other names and sinks: what was added so far is handed over before. A full sink that another one
    /// takes the place of does not hold up the feeds any longer.
    func change(_ identity: RunIdentity, sinks: [any Sink]) {
        turnEnded()
        builder.identity = identity
        let gone = self.sinks.filter { old in !sinks.contains { $0 === old } }
        for sink in gone { pressureChanged(of: sink, to: .open) }
        self.sinks = sinks
    }

    /// `sink` became full, open or closed. Nothing if it is not one of those that are written to: one that is being
    /// drained may have the name of one that is.
    func pressureChanged(of sink: any Sink, to pressure: SinkPressure) {
        switch pressure {
        case .full:
            guard sinks.contains(where: { $0 === sink }), full.insert(sink.name).inserted, full.count == 1 else {
                return
            }
            let names = blockedBy
            for feed in feeds.values { feed.pause(for: names) }
        case .open, .closed:
            guard !full.isEmpty, sinks.contains(where: { $0 === sink }) else { return }
            guard full.remove(sink.name) != nil, full.isEmpty else { return }
            for feed in feeds.values { feed.resume() }
        }
    }

    private func schedule() {
        isScheduled = true
        loop.atEndOfTurn(self)
    }
}

/// What a full sink pauses. Confined to its loop.
protocol PausableFeed: AnyObject {
    /// Stop reading: the sinks with these names are full.
    func pause(for sinks: [String])
    /// Read on.
    func resume()
}
