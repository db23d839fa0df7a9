import Glibc

/// A log file that goes on to be written, and is renamed or emptied now and then. Confined to its owner.
final class FollowedFile {
    private let path: String
    private let gate: LogGate
    private let entries: LogEntries

    /// - Parameter entries: what was read of the file so far; it is read on.
    init(path: String, entries: LogEntries, gate: LogGate) {
        self.path = path
        self.entries = entries
        self.gate = gate
    }

    /// Gives what was added since the last time to `body`: first to the file as it was, then to the one that took its
    /// place.
    func read(_ body: (LogEntry) -> Void) throws(LogInputFailure) {
        try drain(isFinal: false, body)
        let change = change()
        if change == .none { return }
        // Whoever renamed it may have written a last line between the two looks.
        try drain(isFinal: true, body)
        if case .replaced(let descriptor) = change {
            entries.replaceInput(with: LogInput(name: path, descriptor: descriptor, wait: gate.waitForInput))
        } else {
            lseek(entries.input.descriptor, 0, SEEK_SET)
        }
        try drain(isFinal: false, body)
    }

    private func drain(isFinal: Bool, _ body: (LogEntry) -> Void) throws(LogInputFailure) {
        while let entry = try entries.next(isFinal: isFinal) { body(entry) }
    }

    private enum Change: Equatable {
        /// The file is the one that is read, or there is none at the moment.
        case none
        /// Its content was cut off.
        case emptied
        /// Another file has its name, opened as this descriptor.
        case replaced(Int32)
    }

    private func change() -> Change {
        var named = stat()
        var opened = stat()
        let descriptor = entries.input.descriptor
        guard stat(path, &named) == 0, fstat(descriptor, &opened) == 0 else { return .none }
        if named.st_dev != opened.st_dev || named.st_ino != opened.st_ino {
            let successor = open(path, O_RDONLY | O_CLOEXEC)
            return successor < 0 ? .none : .replaced(successor)
        }
        return opened.st_size < lseek(descriptor, 0, SEEK_CUR) ? .emptied : .none
    }
}
