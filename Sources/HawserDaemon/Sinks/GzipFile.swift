import CZlib
import Glibc

/// Compresses a file into another one, in slices, and can be told to give up between two of them.
struct GzipFile {
    let operations: FileOperations
    /// Asked before each slice.
    let shouldStop: @Sendable () -> Bool

    private static let sliceSize = 256 << 10
    /// 15 bits of window, plus 16 for a gzip header and trailer (RFC 1952).
    private static let gzipWindow: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8

    /// What a compression came to.
    enum Result: Equatable {
        case compressed(bytes: Int64, compressedBytes: Int64)
        case stopped
    }

    /// Reads `source` to its end and writes it as gzip to `target`, which is created or emptied, and synced.
    func compress(_ source: String, to target: String) throws(SystemError) -> Result {
        let input = try operations.open(source, O_RDONLY | O_CLOEXEC, 0)
        defer { operations.close(input) }
        let output = try operations.open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        defer { operations.close(output) }
        let result = try deflate(from: input, to: output)
        guard result != .stopped else { return result }
        try SystemError.retryingInterrupts { () throws(SystemError) in try operations.synchronize(output) }
        return result
    }

    private func deflate(from input: Int32, to output: Int32) throws(SystemError) -> Result {
        // On the heap: zlib keeps a pointer to it.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        defer { stream.deallocate() }
        guard hawser_deflate_init(stream, Z_DEFAULT_COMPRESSION, Self.gzipWindow, Self.memoryLevel) == Z_OK else {
            throw SystemError(errno: ENOMEM)
        }
        defer { deflateEnd(stream) }
        let plain = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.sliceSize, alignment: 16)
        defer { plain.deallocate() }
        let packed = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.sliceSize, alignment: 16)
        defer { packed.deallocate() }
        var bytes: Int64 = 0
        var compressedBytes: Int64 = 0
        while true {
            if shouldStop() { return .stopped }
            let count = try SystemError.retryingInterrupts { () throws(SystemError) in
                try operations.read(input, plain, bytes)
            }
            bytes += Int64(count)
            stream.pointee.next_in = plain.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_in = UInt32(count)
            repeat {
                stream.pointee.next_out = packed.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(packed.count)
                let code = CZlib.deflate(stream, count == 0 ? Z_FINISH : Z_NO_FLUSH)
                guard code != Z_STREAM_ERROR else { throw SystemError(errno: EINVAL) }
                let length = packed.count - Int(stream.pointee.avail_out)
                try write(UnsafeRawBufferPointer(rebasing: packed[..<length]), to: output)
                compressedBytes += Int64(length)
            } while stream.pointee.avail_out == 0
            if count == 0 { return .compressed(bytes: bytes, compressedBytes: compressedBytes) }
        }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to output: Int32) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            let written = try SystemError.retryingInterrupts { () throws(SystemError) in
                try operations.write(output, rest)
            }
            guard written > 0 else { throw SystemError(errno: EIO) }
            rest = UnsafeRawBufferPointer(rebasing: rest[min(written, rest.count)...])
        }
    }
}
