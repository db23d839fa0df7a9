import NameResolution
import Transport

/// What a running daemon consists of, as far as a reload changes it.
struct DaemonParts: Sendable {
    /// The name of this run.
    let run: String
    let loops: [EventLoop]
    /// Those of each loop.
    let records: [LoopBound<LoopRecords>]
    let resolver: NameResolver
    let sinks: SinkSet
    let semaphore: ConnectionSemaphore
    let gate: DialGate
    let subscriptions: SubscriptionSet
    /// Nil if the machine lacks what their client needs; then the daemon ends.
    let requests: RequestSet?

    /// Has every loop go on with other names and sinks.
    func changeRecords(_ identity: RunIdentity, _ sinks: [String: any Sink]) async {
        for (loop, records) in zip(loops, records) {
            await loop.run { records.value.change(identity, sinks: sinks) }
        }
    }
}
