/// The entries of one log, one after the other, and a count of what else is in it. Confined to its owner.
final class LogEntries {
    /// What was read so far.
    private(set) var tally = LineTally()
    private let lines: LogLines
    private var decoder = LogEntryDecoder()

    init(_ input: LogInput) {
        lines = LogLines(input)
    }

    /// What is read.
    var input: LogInput { lines.input }

    /// The journal's name for the place of the newest entry, if this is one.
    var cursor: String? { decoder.cursor }

    /// Goes on with another input, behind what is left of this one.
    func replaceInput(with input: LogInput) {
        lines.replaceInput(with: input)
    }

    /// The next entry; nil at the end.
    ///
    /// - Parameter isFinal: whether a line that has no newline yet is one.
    func next(isFinal: Bool) throws(LogInputFailure) -> LogEntry? {
        while true {
            var content = LogEntryDecoder.Content.blank
            switch try lines.next(isFinal: isFinal, { content = decoder.decode($0) }) {
            case .end: return nil
            case .tooLong: tally.tooLong += 1
            case .line: break
            }
            switch content {
            case .entry(let entry):
                tally.entries += 1
                return entry
            case .blank: break
            case .foreign: tally.foreign += 1
            case .damaged(let entry):
                tally.damaged += 1
                guard let entry else { continue }
                tally.entries += 1
                return entry
            }
        }
    }
}
