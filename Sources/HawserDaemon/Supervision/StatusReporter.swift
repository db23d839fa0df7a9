/// Says now and then how the subscriptions are: to systemd when it has changed, and in the log every five minutes.
struct StatusReporter {
    private static let statusInterval = Duration.seconds(5)
    private static let summaryInterval = Duration.seconds(300)

    private let subscriptions: SubscriptionSet
    private let logger: EventLogger
    private let notification: ServiceNotification

    init(_ subscriptions: SubscriptionSet, logger: EventLogger, notification: ServiceNotification) {
        self.subscriptions = subscriptions
        self.logger = logger
        self.notification = notification
    }

    /// Runs until its task is cancelled.
    func run() async {
        var status = ""
        var sinceSummary = Duration.zero
        while (try? await Task.sleep(for: Self.statusInterval)) != nil {
            let rows = await subscriptions.snapshots()
            let news = Self.status(of: rows)
            if news != status, !Task.isCancelled {
                status = news
                notification.send(.status(news))
            }
            sinceSummary += Self.statusInterval
            guard sinceSummary >= Self.summaryInterval else { continue }
            sinceSummary = .zero
            summarise(rows)
        }
    }

    /// `12/15 open, 2 backing off, 1 waiting` (for a connection); what is none is left out.
    static func status(of rows: [SubscriptionStatistics]) -> String {
        let phases: [(SubscriptionStatistics.Phase, String)] = [
            (.dialing, "dialing"), (.waitingToDial, "waiting to dial"), (.backingOff, "backing off"),
            (.waiting, "waiting"),
        ]
        let others = phases.compactMap { phase, word in
            let count = count(phase, in: rows)
            return count > 0 ? "\(count) \(word)" : nil
        }
        return (["\(count(.open, in: rows))/\(rows.count) open"] + others).joined(separator: ", ")
    }

    private static func count(_ phase: SubscriptionStatistics.Phase, in rows: [SubscriptionStatistics]) -> Int {
        rows.count { $0.phase == phase }
    }

    private func summarise(_ rows: [SubscriptionStatistics]) {
        logger.log(
            .info,
            .daemonSummary,
            Self.status(of: rows),
            [
                .open: Self.count(.open, in: rows), .waiting: Self.count(.waiting, in: rows),
                .backingOff: Self.count(.backingOff, in: rows), .subscriptions: rows.count,
                .receivedMessages: Int(clamping: rows.reduce(0) { $0 + $1.messages }),
                .receivedBytes: Int(clamping: rows.reduce(0) { $0 + $1.bytes }),
                .reconnects: rows.reduce(0) { $0 + $1.reconnects },
            ]
        )
    }
}
