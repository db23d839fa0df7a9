import ConnectionLifecycle
import Transport

/// The subscriptions of a run, dealt out to its event loops. What concerns all of them is one job for each loop: a task
/// or a hop for each of thousands would cost more than they do.
struct SubscriptionSet: Sendable {
    private struct Share: Sendable {
        var loop: EventLoop
        var members: [Subscription]
        /// Which of them dial a host.
        var byHost: [String: [Int]]
    }

    /// A dial under TLS takes twice the memory of the session that comes of it, and what thousands of dials at once have
    /// spread over the heap never leaves it. So a loop starts this many, and the next when these are open or have failed.
    private static let wave = 64
    /// The most time that a wave holds up the next one: a server that does not answer is nobody else's concern.
    private static let waveLimit = Duration.milliseconds(250)
    private static let wavePoll = Duration.milliseconds(5)

    private let shares: [Share]
    /// How many there are.
    let count: Int

    /// Makes a subscription of each plan: the first on the first loop, the next on the next, and around.
    ///
    /// - Parameter surroundings: what the subscriptions of each loop share; not empty.
    init(_ plans: [SubscriptionPlan], on surroundings: [Subscription.Surroundings]) {
        count = plans.count
        let loops = surroundings.count
        shares = surroundings.enumerated().map { index, surroundings in
            let own = stride(from: index, to: plans.count, by: loops).map { plans[$0] }
            return Share(
                loop: surroundings.loop,
                members: own.map { Subscription(plan: $0, surroundings: surroundings) },
                byHost: Dictionary(grouping: own.indices) { own[$0].site.host }
            )
        }
    }

    /// Starts all of them, those of one loop in order, in waves. Ends early if it is cancelled.
    func start() async {
        await withTaskGroup { group in
            for share in shares {
                group.addTask {
                    for first in stride(from: 0, to: share.members.count, by: Self.wave) {
                        guard !Task.isCancelled else { return }
                        await startWave(share.members.dropFirst(first).prefix(Self.wave), on: share.loop)
                    }
                }
            }
        }
    }

    private func startWave(_ wave: ArraySlice<Subscription>, on loop: EventLoop) async {
        await loop.run { for member in wave { member.assumeIsolated { $0.start() } } }
        let limit = ContinuousClock.now + Self.waveLimit
        while ContinuousClock.now < limit, await loop.run({ wave.contains { $0.assumeIsolated { $0.isDialing } } }) {
            guard (try? await Task.sleep(for: Self.wavePoll)) != nil else { return }
        }
    }

    /// Tells all of them to end.
    func stop(_ outcome: Outcome) async {
        await forEach { $0.stop(outcome) }
    }

    /// Tells those that back off for `host` that it answers again. From any thread.
    func hostRecovered(_ host: String) {
        for share in shares {
            guard let members = share.byHost[host] else { continue }
            share.loop.submit {
                for index in members { share.members[index].assumeIsolated { $0.hostRecovered() } }
            }
        }
    }

    /// Returns when the last session of each is closed.
    func end() async {
        for share in shares {
            for member in share.members { await member.end() }
        }
    }

    /// What each has done so far, in the order of the plans.
    func snapshots() async -> [SubscriptionStatistics] {
        var lists: [[SubscriptionStatistics]] = []
        for share in shares {
            lists.append(await share.loop.run { share.members.map { $0.assumeIsolated { $0.snapshot } } })
        }
        return (0..<count).map { lists[$0 % lists.count][$0 / lists.count] }
    }

    private func forEach(_ body: @escaping @Sendable (isolated Subscription) -> Void) async {
        for share in shares {
            await share.loop.run { for member in share.members { member.assumeIsolated(body) } }
        }
    }
}
