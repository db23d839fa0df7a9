/// The entries of several logs in the order of their times. Within a log their order is kept.
///
/// Of each log only the next entry is held. Confined to its owner.
final class MergedEntries {
    private struct Head {
        var entries: LogEntries
        var next: LogEntry?
        /// Whether a line without its newline is one: not if more may be added to it.
        var isFinal: Bool
    }

    private var heads: [Head]
    private let report: (LogInputFailure) -> Void
    private var hasBegun = false

    /// - Parameters:
    ///   - isFollowed: whether a log will be read on after its end.
    ///   - report: is told of a log that cannot be read on; it ends there.
    init(
        _ logs: [LogEntries],
        isFollowed: (LogEntries) -> Bool = { _ in false },
        report: @escaping (LogInputFailure) -> Void
    ) {
        heads = logs.map { Head(entries: $0, isFinal: !isFollowed($0)) }
        self.report = report
    }

    /// The next entry; nil at the end of all.
    func next() -> LogEntry? {
        if !hasBegun {
            hasBegun = true
            for index in heads.indices { advance(index) }
        }
        var earliest: (index: Int, time: Int64)?
        for (index, head) in heads.enumerated() {
            guard let time = head.next?.wallNanoseconds, time < earliest?.time ?? .max else { continue }
            earliest = (index, time)
        }
        guard let earliest else { return nil }
        defer { advance(earliest.index) }
        return heads[earliest.index].next
    }

    private func advance(_ index: Int) {
        do throws(LogInputFailure) {
            heads[index].next = try heads[index].entries.next(isFinal: heads[index].isFinal)
        } catch {
            heads[index].next = nil
            report(error)
        }
    }
}
