import ConnectionLifecycle
import Locking
import Transport

/// The subscriptions of a run, dealt out to its event loops; a reload adds some, changes some and removes some.
///
/// What concerns all of them is one job for each loop: a task or a hop for each of thousands would cost more than they
/// do. Usable from any thread.
final class SubscriptionSet: Sendable {
    /// What a reload began and awaits.
    struct Reloaded: Sendable {
        /// Those that have to be started.
        fileprivate(set) var added: [Subscription] = []
        fileprivate var changed: [Subscription] = []
        fileprivate var removed: [Member] = []
    }

    fileprivate struct Member: Sendable {
        let name: String
        let subscription: Subscription
    }

    private struct State {
        /// In the order of the configuration.
        var members: [Member] = []
        /// Told to end by a reload; the last of them may have ended since.
        var leaving: [Subscription] = []
        /// Which of them dial a host, those of each loop apart.
        var byHost: [String: [[Subscription]]] = [:]
        var memories = SubscriptionMemories()
        /// What those that a reload removed had received.
        var removedMessages: UInt64 = 0
        var removedBytes: UInt64 = 0
    }

    /// A dial under TLS takes twice the memory of the session that comes of it, and what thousands of dials at once have
    /// spread over the heap never leaves it. So a loop starts this many, and the next when these are open or have failed.
    private static let wave = 64
    /// The most time that a wave holds up the next one: a server that does not answer is nobody else's concern.
    private static let waveLimit = Duration.milliseconds(250)
    private static let wavePoll = Duration.milliseconds(5)

    /// How many are looked at in one turn of a loop.
    private static let turn = 64

    /// What the subscriptions of each loop share.
    private let surroundings: [Subscription.Surroundings]
    private let loops: [EventLoop]
    private let state = OrderedMutex(State())

    /// Makes a subscription of each plan: the first on the first loop, the next on the next, and around.
    ///
    /// - Parameters:
    ///   - slots: have an index for each.
    ///   - surroundings: what the subscriptions of each loop share; not empty.
    init(_ plans: [SubscriptionPlan], _ slots: RecordSlots, on surroundings: [Subscription.Surroundings]) {
        self.surroundings = surroundings
        loops = surroundings.map(\.loop)
        state.withLock { state in _ = fill(&state, plans, slots) }
    }

    /// How many there are.
    var count: Int { state.withLock { $0.members.count } }

    /// Starts all of them, those of one loop in order, in waves. Ends early if it is cancelled.
    func start() async {
        await start(state.withLock { $0.members.map(\.subscription) })
    }

    /// Starts `subscriptions` likewise.
    func start(_ subscriptions: [Subscription]) async {
        await withTaskGroup { group in
            for loop in loops {
                let own = subscriptions.filter { $0.loop === loop }
                group.addTask {
                    for first in stride(from: 0, to: own.count, by: Self.wave) {
                        guard !Task.isCancelled else { return }
                        await Self.startWave(own.dropFirst(first).prefix(Self.wave), on: loop)
                    }
                }
            }
        }
    }

    private static func startWave(_ wave: ArraySlice<Subscription>, on loop: EventLoop) async {
        await loop.run { for member in wave { member.assumeIsolated { $0.start() } } }
        let limit = ContinuousClock.now + Self.waveLimit
        while ContinuousClock.now < limit, await loop.run({ wave.contains { $0.assumeIsolated { $0.isDialing } } }) {
            guard (try? await Task.sleep(for: Self.wavePoll)) != nil else { return }
        }
    }

    /// Tells all of them to end.
    func stop(_ outcome: Outcome) async {
        await forEach(everybody) { $0.stop(outcome) }
    }

    /// Tells those that back off for `host` that it answers again. From any thread.
    func hostRecovered(_ host: String) {
        guard let groups = state.withLock({ $0.byHost[host] }) else { return }
        for (loop, members) in zip(loops, groups) where !members.isEmpty {
            loop.submit { for member in members { member.assumeIsolated { $0.hostRecovered() } } }
        }
    }

    /// Returns when the last session of each is closed.
    func end() async {
        for member in everybody { await member.end() }
    }

    /// What each has done so far, in the order of the plans.
    func snapshots() async -> [SubscriptionStatistics] {
        let members = state.withLock { $0.members.map(\.subscription) }
        var rows = [SubscriptionStatistics?](repeating: nil, count: members.count)
        for loop in loops {
            let places = members.indices.filter { members[$0].loop === loop }
            let own = await loop.run { places.map { members[$0].assumeIsolated { $0.snapshot } } }
            for (place, row) in zip(places, own) { rows[place] = row }
        }
        return rows.compactMap(\.self)
    }

    /// What those that a reload removed had received.
    var removed: (messages: UInt64, bytes: UInt64) {
        state.withLock { ($0.removedMessages, $0.removedBytes) }
    }

    /// The names, in the order of the plans.
    var names: [String] { state.withLock { $0.members.map(\.name) } }

    /// How many each loop has.
    var countsByLoop: [Int] {
        let members = state.withLock { $0.members }
        return loops.map { loop in members.count { $0.subscription.loop === loop } }
    }

    /// What `body` makes of each whose name `isWanted` takes, in the order of the plans; a few in each turn of a loop,
    /// so that no frame waits for all of them.
    func map<Value: Sendable>(
        where isWanted: @escaping @Sendable (String) -> Bool,
        _ body: @escaping @Sendable (isolated Subscription) -> Value
    ) async -> [Value] {
        let wanted = state.withLock { $0.members }.filter { isWanted($0.name) }.map(\.subscription)
        var values = [Value?](repeating: nil, count: wanted.count)
        for loop in loops {
            let places = wanted.indices.filter { wanted[$0].loop === loop }
            for first in stride(from: 0, to: places.count, by: Self.turn) {
                let part = places[first..<min(first + Self.turn, places.count)]
                let own = await loop.run { part.map { wanted[$0].assumeIsolated(body) } }
                for (place, value) in zip(part, own) { values[place] = value }
            }
        }
        return values.compactMap(\.self)
    }

    private var everybody: [Subscription] {
        state.withLock { $0.members.map(\.subscription) + $0.leaving }
    }

    private func forEach(
        _ subscriptions: [Subscription],
        _ body: @escaping @Sendable (isolated Subscription) -> Void
    ) async {
        for loop in loops {
            let own = subscriptions.filter { $0.loop === loop }
            await loop.run { for member in own { member.assumeIsolated(body) } }
        }
    }
}

// MARK: - Reload

extension SubscriptionSet {
    /// Goes by `plans`: tells those that changed to dial afresh and those that are gone to end, and makes those that are
    /// new. Returns when each has heard of it. One call at a time.
    ///
    /// - Parameters:
    ///   - plans: all of them, in the order of the configuration.
    ///   - slots: have an index for each.
    func apply(
        _ change: NamedChange<SubscriptionConfiguration>,
        _ plans: [SubscriptionPlan],
        _ slots: RecordSlots
    ) async -> Reloaded {
        let before = state.withLock { Self.byName($0) }
        let removed = change.removed.compactMap { name in before[name].map { Member(name: name, subscription: $0) } }
        let added = state.withLock { state in
            state.leaving = removed.map(\.subscription)
            return fill(&state, plans, slots)
        }
        var reloaded = Reloaded(added: added, removed: removed)
        let adjusted = Set(change.adjusted.map(\.name))
        let changed = Set(change.changed.map(\.name))
        var news: [(subscription: Subscription, plan: SubscriptionPlan, difference: ConfigurationDifference)] = []
        for plan in plans {
            guard let member = before[plan.name] else { continue }
            let difference: ConfigurationDifference =
                changed.contains(plan.name) ? .changed : adjusted.contains(plan.name) ? .adjusted : .none
            news.append((member, plan, difference))
            if difference == .changed { reloaded.changed.append(member) }
        }
        for loop in loops {
            let own = news.filter { $0.subscription.loop === loop }
            await loop.run {
                for (member, plan, difference) in own { member.assumeIsolated { $0.change(to: plan, difference) } }
            }
        }
        await forEach(reloaded.removed.map(\.subscription)) { $0.stop(.reloaded) }
        return reloaded
    }

    /// Returns when every session is closed that `reloaded` closes: those of the past go no further than here.
    func settle(_ reloaded: Reloaded) async {
        for member in reloaded.changed { await member.settle() }
        for member in reloaded.removed {
            await member.subscription.end()
            let memory = await member.subscription.memory
            let statistics = await member.subscription.snapshot
            state.withLock { state in
                state.memories.keep(memory, of: member.name)
                state.removedMessages += statistics.messages
                state.removedBytes += statistics.bytes
            }
        }
        state.withLock { $0.leaving = [] }
    }

    /// Makes what is missing of `plans`, and keeps what is there.
    ///
    /// - Returns: those that were made.
    private func fill(_ state: inout State, _ plans: [SubscriptionPlan], _ slots: RecordSlots) -> [Subscription] {
        let before = Self.byName(state)
        let wanted = Set(plans.map(\.name))
        var load = loops.map { loop in before.count { wanted.contains($0.key) && $0.value.loop === loop } }
        var added: [Subscription] = []
        state.members = plans.map { plan in
            if let member = before[plan.name] { return Member(name: plan.name, subscription: member) }
            // The loop that has the fewest; of several, the first.
            let place = load.indices.min { load[$0] < load[$1] } ?? 0
            load[place] += 1
            let member = Subscription(
                plan: plan,
                index: slots.index(of: .subscription(plan.name)),
                memory: state.memories.take(plan.name),
                surroundings: surroundings[place]
            )
            added.append(member)
            return Member(name: plan.name, subscription: member)
        }
        state.byHost = [:]
        for (plan, member) in zip(plans, state.members) {
            let place = loops.firstIndex { $0 === member.subscription.loop } ?? 0
            state.byHost[plan.site.host, default: loops.map { _ in [] }][place].append(member.subscription)
        }
        return added
    }

    private static func byName(_ state: State) -> [String: Subscription] {
        Dictionary(state.members.map { ($0.name, $0.subscription) }) { first, _ in first }
    }
}
