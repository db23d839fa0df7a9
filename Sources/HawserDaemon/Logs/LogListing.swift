/// Prints the lines that are asked for, as they come or the last so many. Confined to its owner.
final class LogListing {
    /// What waits to be the end weighs at most this.
    private static let tailBytes = 256 << 20
    /// Names that are remembered for the question whether another one was meant.
    private static let nameLimit = 1_000

    private let query: LogQuery
    private let output: LogOutput
    private let formatter: TextLogFormatter?
    private var buffer = LineBuffer(capacity: 1_024)
    private var timestamp = Timestamp()
    /// How many lines are wanted from the end; nil for all, as they come.
    private var tailLimit: Int?
    private var tail: [[UInt8]] = []
    private var oldest = 0
    private var weight = 0
    /// Lines that were asked for, so far.
    private(set) var count = 0
    private var names: Set<String> = []

    /// - Parameters:
    ///   - formatter: how lines look; nil for JSON.
    ///   - tailLimit: how many of the lines are wanted until `endTail`; nil for all.
    init(_ query: LogQuery, output: LogOutput, formatter: TextLogFormatter?, tailLimit: Int?) {
        self.query = query
        self.output = output
        self.formatter = formatter
        self.tailLimit = tailLimit
    }

    /// Takes a line of the log.
    func note(_ entry: LogEntry) {
        guard query.accepts(entry) else {
            if count == 0, names.count < Self.nameLimit, let name = entry.text(.subscription) { names.insert(name) }
            return
        }
        count += 1
        let line = formatted(entry)
        guard let limit = tailLimit else { return output.write(line) }
        tail.append(line)
        weight += line.count
        while tail.count - oldest > limit || weight > Self.tailBytes { dropOldest() }
    }

    /// Prints what waits; from now on lines are printed as they come.
    func endTail() {
        for line in tail[oldest...] { output.write(line) }
        tail = []
        oldest = 0
        tailLimit = nil
    }

    /// The name that was probably meant by a subscription of which there is no line.
    func suggestion() -> String? {
        guard count == 0, query.subscriptions.count == 1, let wanted = query.subscriptions.first, !wanted.isPattern,
            !names.contains(wanted.text)
        else { return nil }
        return Spelling.closest(to: wanted.text, among: names.sorted())
    }

    private func dropOldest() {
        weight -= tail[oldest].count
        tail[oldest] = []
        oldest += 1
        // Now and then, so that dropping a line does not move all others.
        if oldest >= max(1_024, tail.count / 2) {
            tail.removeFirst(oldest)
            oldest = 0
        }
    }

    private func formatted(_ entry: LogEntry) -> [UInt8] {
        if let formatter { return formatter.format(entry.line) }
        buffer.removeAll(keeping: 1 << 16)
        entry.appendJSON(to: &buffer, &timestamp)
        return buffer.withBytes { Array($0) }
    }
}
