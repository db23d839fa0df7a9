import Glibc

/// Writes to standard output, many lines at once. Confined to its owner.
final class LogOutput {
    private static let pieceSize = 64 << 10

    private let descriptor: Int32
    private var waiting: [UInt8] = []
    /// The error for which it takes nothing any more; `EPIPE` if its reader is gone.
    private(set) var failure: Int32 = 0

    init(descriptor: Int32 = STDOUT_FILENO) {
        self.descriptor = descriptor
    }

    /// Whether what is written still gets anywhere.
    var isOpen: Bool { failure == 0 }

    /// Adds bytes that end with a newline.
    func write(_ bytes: some Sequence<UInt8>) {
        waiting += bytes
        if waiting.count >= Self.pieceSize { flush() }
    }

    /// Adds a line without its newline.
    func write(line: String) {
        write((line + "\n").utf8)
    }

    /// Writes out what waits.
    func flush() {
        guard !waiting.isEmpty else { return }
        if isOpen { failure = LogStream.writeAll(waiting, to: descriptor) }
        waiting.removeAll(keepingCapacity: true)
    }
}
