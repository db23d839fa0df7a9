import CZlib

/// Unpacks gzip (RFC 1952), piece by piece; several members one behind the other are one text.
///
/// Confined to its owner.
final class GzipDecoder {
    /// What is wrong with the input.
    enum Fault: Error, CustomStringConvertible {
        case memory, corrupt

        var description: String {
            switch self {
            case .memory: "no memory to unpack it"
            case .corrupt: "the compressed data is damaged from here on"
            }
        }
    }

    /// How a file in this form begins.
    static let magic: [UInt8] = [0x1F, 0x8B]

    private static let pieceSize = 64 << 10
    /// 15 bits of window, plus 16 for gzip alone.
    private static let window: Int32 = 15 + 16

    // On the heap: zlib keeps a pointer to it.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    /// Whether the last member is whole.
    private(set) var isComplete = true
    /// What will be said once all is given that came before it.
    private var fault: Fault?

    init() throws(Fault) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(byteCount: Self.pieceSize, alignment: 16)
        guard hawser_inflate_init(stream, Self.window) == Z_OK else { throw .memory }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    /// Fills `output` with what comes next.
    ///
    /// - Parameter read: gives the next bytes of the input; none at its end.
    /// - Returns: how many bytes; zero at the end, `isComplete` says if that is the end of a member.
    func read(
        into output: UnsafeMutableRawBufferPointer,
        _ read: (UnsafeMutableRawBufferPointer) throws(SystemError) -> Int
    ) throws -> Int {
        guard !output.isEmpty else { return 0 }
        if let fault { throw fault }
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = UInt32(clamping: output.count)
        while stream.pointee.avail_out > 0 {
            if stream.pointee.avail_in == 0 {
                let count = try read(input)
                guard count > 0 else { break }
                stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_in = UInt32(count)
            }
            if isComplete {
                // Padding behind a member means nothing; another member goes on.
                guard stream.pointee.next_in.pointee != 0 else {
                    stream.pointee.next_in += 1
                    stream.pointee.avail_in -= 1
                    continue
                }
                isComplete = false
                inflateReset(stream)
            }
            fault = unpack()
            if let fault {
                guard Int(stream.pointee.avail_out) < output.count else { throw fault }
                break
            }
        }
        return output.count - Int(stream.pointee.avail_out)
    }

    private func unpack() -> Fault? {
        switch inflate(stream, Z_NO_FLUSH) {
        case Z_OK: return nil
        case Z_STREAM_END: isComplete = true
        case Z_BUF_ERROR where stream.pointee.avail_in == 0: return nil
        case Z_MEM_ERROR: return .memory
        default: return .corrupt
        }
        return nil
    }
}
