import Locking
import CLibwebsockets

/// Where libwebsockets' own log lines go: nowhere, until somebody asks. The library has one log for the whole process.
public enum LibraryLog {
    /// How important a line is.
    public enum Level: Int, Sendable, Hashable, Comparable, CaseIterable {
        /// For the library's developers.
        case debug
        /// What it does, in detail.
        case info
        /// What it does.
        case notice
        /// Something that may be wrong.
        case warning
        /// Something that is wrong.
        case error

        /// Whether `lhs` is less important than `rhs`.
        public static func < (lhs: Level, rhs: Level) -> Bool { lhs.rawValue < rhs.rawValue }

        fileprivate var mask: Int32 {
            switch self {
            case .debug: 1 << 4
            case .info: 1 << 3
            case .notice: 1 << 2
            case .warning: 1 << 1
            case .error: 1 << 0
            }
        }
    }

    /// What receives a line, without its line end. Called on any thread; it must not call back into the library.
    public typealias Sink = @Sendable (Level, String) -> Void

    private static let sink = OrderedMutex<Sink?>(nil)

    /// Sends lines of at least `level` to `sink`; `nil` drops them. Lasts for the process, or until the next call.
    ///
    /// Call it before the first event loop is made: the library reads the level without a lock.
    public static func redirect(level: Level = .error, to sink: Sink?) {
        Self.sink.withLock { $0 = sink }
        let mask = Level.allCases.filter { $0 >= level }.reduce(Int32(0)) { $0 | $1.mask }
        lws_set_log_level(sink == nil ? 0 : mask, receiveLibraryLine)
    }

    /// Keeps the library off the standard error stream, whose owner it would be by default.
    static func silenceUnlessRedirected() {
        _ = silenced
    }

    private static let silenced: Void = {
        if sink.withLock({ $0 == nil }) { lws_set_log_level(0, receiveLibraryLine) }
    }()

    fileprivate static func received(_ mask: Int32, _ line: UnsafePointer<CChar>) {
        guard let sink = sink.withLock({ $0 }) else { return }
        let level = Level.allCases.last { $0.mask & mask != 0 } ?? .debug
        var text = Substring(String(cString: line))
        while text.last?.isNewline == true { text.removeLast() }
        sink(level, String(text))
    }
}

private func receiveLibraryLine(_ mask: Int32, _ line: UnsafePointer<CChar>?) {
    guard let line else { return }
    LibraryLog.received(mask, line)
}
