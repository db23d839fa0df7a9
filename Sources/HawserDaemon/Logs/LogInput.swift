import Glibc

/// Why a log could not be read, or not to its end.
struct LogInputFailure: Error, Sendable, CustomStringConvertible {
    /// What was to be read, for a person.
    let name: String
    /// What happened.
    let detail: String

    var description: String { "\(name): \(detail)" }
}

/// The bytes of a log: a file, standard input or a pipe; what is packed with gzip is unpacked on the way.
///
/// Confined to its owner, whose thread it blocks.
final class LogInput {
    /// What it is, for a person.
    let name: String
    /// What is read from.
    let descriptor: Int32
    private let ownsDescriptor: Bool
    private let wait: (Int32) -> Bool
    private var decoder: GzipDecoder?
    private var isFirst = true
    /// What was read to recognise the form, and is to be given first.
    private var head: [UInt8] = []

    /// - Parameters:
    ///   - ownsDescriptor: whether it is closed in the end.
    ///   - wait: blocks until the descriptor has something to read; false if nothing is wanted any more.
    init(name: String, descriptor: Int32, ownsDescriptor: Bool = true, wait: @escaping (Int32) -> Bool) {
        self.name = name
        self.descriptor = descriptor
        self.ownsDescriptor = ownsDescriptor
        self.wait = wait
    }

    deinit {
        if ownsDescriptor { close(descriptor) }
    }

    /// Whether it is packed: then nothing is ever added to it.
    var isPacked: Bool { decoder != nil }

    /// Fills `buffer` with what comes next.
    ///
    /// - Returns: how many bytes; zero at the end, which for a file may move.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(LogInputFailure) -> Int {
        do {
            if isFirst { try recognise() }
            guard let decoder else { return try readHead(into: buffer) }
            let count = try decoder.read(into: buffer) { (piece) throws(SystemError) in try readHead(into: piece) }
            if count == 0, !decoder.isComplete { throw failure("the compressed data ends too early") }
            return count
        } catch let error as SystemError {
            throw failure(SystemError.text(error.errno))
        } catch let error as LogInputFailure {
            throw error
        } catch {
            throw failure("\(error)")
        }
    }

    private func failure(_ detail: String) -> LogInputFailure {
        LogInputFailure(name: name, detail: detail)
    }

    private func recognise() throws {
        isFirst = false
        var piece = [UInt8](repeating: 0, count: GzipDecoder.magic.count)
        while head.count < GzipDecoder.magic.count {
            let count = try piece.withUnsafeMutableBytes { (bytes) throws(SystemError) in
                try readRaw(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<(bytes.count - head.count)]))
            }
            guard count > 0 else {
                // A file that is empty may still become either.
                isFirst = head.isEmpty
                return
            }
            head += piece[..<count]
        }
        if head == GzipDecoder.magic { decoder = try GzipDecoder() }
    }

    private func readHead(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        guard !head.isEmpty else { return try readRaw(into: buffer) }
        let count = min(head.count, buffer.count)
        buffer.copyBytes(from: head[..<count])
        head.removeFirst(count)
        return count
    }

    private func readRaw(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        guard wait(descriptor) else { return 0 }
        return try SystemError.retryingInterrupts { () throws(SystemError) in
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            guard count >= 0 else { throw SystemError(errno: errno) }
            return count
        }
    }
}
