import Glibc

/// The most memory that this process has had since the last reset, as the kernel counts its pages.
public enum PeakMemory {
    /// /proc does not tell.
    public struct Unknown: Error {}

    /// Begins to count anew.
    ///
    /// - Returns: what the process has now, in KiB.
    public static func reset() throws -> Int {
        let file = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { throw Unknown() }
        defer { close(file) }
        guard write(file, "5", 1) == 1 else { throw Unknown() }
        return try kibibytes()
    }

    /// The most so far, in KiB.
    public static func kibibytes() throws -> Int {
        let lines = (fileText("/proc/self/status") ?? "").split(separator: "\n")
        let words = lines.first { $0.hasPrefix("VmHWM:") }?.split { $0 == " " || $0 == "\t" } ?? []
        guard words.count > 1, let count = Int(words[1]) else { throw Unknown() }
        return count
    }
}
