import Transport

/// The outlets of one loop, one for each set of sinks that its subscriptions feed. Confined to its loop.
final class LoopRecords {
    private let loop: EventLoop
    private var identity: RunIdentity
    private var sinks: [String: any Sink]
    private var outlets: [[String]: RecordOutlet] = [:]
    private var isClosed = false

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

    /// Goes on with other names and sinks. What was recorded before is handed over before, to the sinks of before.
    ///
    /// Nothing is recorded any more for a sink that is not among them.
    func change(_ identity: RunIdentity, sinks: [String: any Sink]) {
        guard !isClosed else { return }
        self.identity = identity
        self.sinks = sinks
        for (route, outlet) in outlets {
            outlet.change(identity, sinks: route.compactMap { sinks[$0] })
            if !route.allSatisfy({ sinks[$0] != nil }) { outlets[route] = nil }
        }
    }

    /// Hands over what is left, and lets go of the sinks, whose handlers hold this object.
    func close() {
        isClosed = true
        for outlet in outlets.values { outlet.turnEnded() }
        outlets = [:]
        sinks = [:]
    }

    /// Tells every outlet that a sink became full, open or closed.
    func pressureChanged(of sink: any Sink, to pressure: SinkPressure) {
        for outlet in outlets.values { outlet.pressureChanged(of: sink, to: pressure) }
    }
}
