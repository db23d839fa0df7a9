import Transport

/// The outlets of one loop, one for each set of sinks that its subscriptions feed. Confined to its loop.
final class LoopRecords {
    private let loop: EventLoop
    private let identity: RunIdentity
    private var sinks: [String: any Sink]
    private var outlets: [[String]: RecordOutlet] = [:]

    init(loop: EventLoop, identity: RunIdentity, sinks: [String: any Sink]) {
        self.loop = loop
        self.identity = identity
        self.sinks = sinks
    }

    /// The outlet to the sinks with these names.
    func outlet(to names: [String]) -> RecordOutlet {
        let route = names.sorted()
        if let outlet = outlets[route] { return outlet }
        let outlet = RecordOutlet(loop: loop, identity: identity, sinks: route.compactMap { sinks[$0] })
        outlets[route] = outlet
        return outlet
    }

    /// Hands over what is left, and lets go of the sinks, whose handlers hold this object.
    func close() {
        for outlet in outlets.values { outlet.turnEnded() }
        outlets = [:]
        sinks = [:]
    }

    /// Tells every outlet that a sink became full, open or closed.
    func pressureChanged(of sink: String, to pressure: SinkPressure) {
        for outlet in outlets.values { outlet.pressureChanged(of: sink, to: pressure) }
    }
}
