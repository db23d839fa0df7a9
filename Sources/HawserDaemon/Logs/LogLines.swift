import Glibc

/// Cuts the bytes of a log into lines. Confined to its owner.
final class LogLines {
    /// Longer lines are skipped: none of ours comes near.
    static let limit = 1 << 20
    private static let pieceSize = 256 << 10

    /// What comes next.
    enum Next {
        /// A line was given to the caller.
        case line
        /// A line that is too long was skipped.
        case tooLong
        /// There is nothing more for now.
        case end
    }

    private(set) var input: LogInput
    private var buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: LogLines.pieceSize, alignment: 16)
    /// What of the buffer is read, and not given yet.
    private var start = 0
    private var end = 0
    /// How many bytes behind `start` are known to have no newline.
    private var searched = 0
    private var isSkipping = false

    init(_ input: LogInput) {
        self.input = input
    }

    deinit {
        buffer.deallocate()
    }

    /// Goes on with another input, behind what is left of this one.
    func replaceInput(with input: LogInput) {
        self.input = input
    }

    /// Gives the next line to `body`, without its newline, if there is one.
    ///
    /// - Parameter isFinal: whether what has no newline yet is a line, as nothing more will come.
    func next(isFinal: Bool, _ body: (UnsafeRawBufferPointer) -> Void) throws(LogInputFailure) -> Next {
        while true {
            if let length = lengthOfLine() {
                defer { take(length + 1) }
                if isSkipping || length > Self.limit {
                    isSkipping = false
                    return .tooLong
                }
                body(UnsafeRawBufferPointer(rebasing: buffer[start..<start + length]))
                return .line
            }
            searched = end - start
            if isSkipping || searched > Self.limit {
                isSkipping = true
                take(searched)
            }
            guard try fill() == 0 else { continue }
            guard isFinal, isSkipping || end > start else { return .end }
            defer { take(end - start) }
            if isSkipping {
                isSkipping = false
                return .tooLong
            }
            body(UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
            return .line
        }
    }

    /// Up to the next newline; nil if there is none yet.
    private func lengthOfLine() -> Int? {
        guard let base = buffer.baseAddress, start + searched < end,
            let newline = memchr(base + start + searched, 0x0A, end - start - searched)
        else { return nil }
        return UnsafeRawPointer(newline) - UnsafeRawPointer(base) - start
    }

    private func take(_ count: Int) {
        start += count
        searched = 0
        if start >= end { (start, end) = (0, 0) }
    }

    private func fill() throws(LogInputFailure) -> Int {
        if start > 0 {
            let rest = UnsafeRawBufferPointer(rebasing: buffer[start..<end])
            UnsafeMutableRawBufferPointer(rebasing: buffer[..<rest.count]).copyMemory(from: rest)
            (start, end) = (0, rest.count)
        }
        if end == buffer.count {
            let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: buffer.count * 2, alignment: 16)
            larger.copyMemory(from: UnsafeRawBufferPointer(buffer))
            buffer.deallocate()
            buffer = larger
        }
        let count = try input.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
        end += count
        return count
    }
}
