import CZlib

/// The client's half of permessage-deflate's compression (RFC 7692 section 7.2.1): messages in, compressed payloads out.
///
/// zlib's state exists from the first message until `release`. Confined to one connection.
public final class MessageDeflater {
    /// Bytes that zlib writes in one go.
    private static let pieceSize = 8 << 10
    /// Bytes that zlib is given in one go; its own counters have 32 bits.
    private static let partSize = 1 << 30

    private let windowBits: Int32
    private let memoryLevel: Int32
    private let strategy: Int32
    private let keepsHistory: Bool
    private var stream: UnsafeMutablePointer<z_stream>?

    /// A deflater without state.
    ///
    /// - Parameter memory: the most bytes for the state of both directions; see `CompressionPolicy.memory`.
    public init(_ agreement: DeflateAgreement, memory: Int) {
        let fitting = DeflateMemory.deflateStream(
            limit: max(agreement.clientWindowBits, DeflateMemory.windowBits.lowerBound),
            beside: agreement.serverWindowBits,
            within: memory
        )
        windowBits = Int32(fitting.windowBits)
        memoryLevel = Int32(fitting.memoryLevel)
        // zlib has no raw window of 8 bits; runs refer to no more than the byte before, whatever the window.
        strategy = agreement.clientWindowBits < DeflateMemory.windowBits.lowerBound ? Z_RLE : Z_DEFAULT_STRATEGY
        keepsHistory = !agreement.clientNoContextTakeover
    }

    deinit {
        release()
    }

    /// Whether there is state that `release` would give back.
    public var hasState: Bool { stream != nil }

    /// Gives zlib's state back; the next message does without history, which a sender is free to do. Between messages
    /// only.
    public func release() {
        guard let stream else { return }
        deflateEnd(stream)
        stream.deallocate()
        self.stream = nil
    }

    /// Appends the compressed form of one fragment's payload to `output`.
    ///
    /// - Parameters:
    ///   - isFinal: whether it is the message's last fragment.
    ///   - output: must not contain `payload`.
    /// - Returns: false if there is no memory for the state: nothing was appended. That can happen only with the first
    ///   fragment of a message, which may then go uncompressed.
    public func append(_ payload: UnsafeRawBufferPointer, isFinal: Bool, to output: inout [UInt8]) -> Bool {
        guard let stream = openStream() else { return false }
        guard !payload.isEmpty else {
            // An empty stored block without its length, which is what the receiver adds (section 7.2.3.6).
            if isFinal {
                output.append(0x00)
                endMessage(stream)
            }
            return true
        }
        var rest = payload[...]
        while !rest.isEmpty {
            let part = rest.prefix(Self.partSize)
            rest = rest[part.endIndex...]
            compress(UnsafeRawBufferPointer(rebasing: part), rest.isEmpty ? Z_SYNC_FLUSH : Z_NO_FLUSH, stream, &output)
        }
        if isFinal {
            output.removeLast(MessageInflater.tail.count)
            endMessage(stream)
        }
        return true
    }

    private func compress(
        _ part: UnsafeRawBufferPointer,
        _ flush: Int32,
        _ stream: UnsafeMutablePointer<z_stream>,
        _ output: inout [UInt8]
    ) {
        let start = part.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: start)
        stream.pointee.avail_in = UInt32(part.count)
        withUnsafeTemporaryAllocation(byteCount: Self.pieceSize, alignment: 16) { piece in
            repeat {
                stream.pointee.next_out = piece.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(piece.count)
                deflate(stream, flush)
                let written = piece.count - Int(stream.pointee.avail_out)
                output.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece[..<written]))
            } while stream.pointee.avail_out == 0
        }
    }

    private func endMessage(_ stream: UnsafeMutablePointer<z_stream>) {
        if !keepsHistory { deflateReset(stream) }
    }

    private func openStream() -> UnsafeMutablePointer<z_stream>? {
        if let stream { return stream }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        let level = Z_DEFAULT_COMPRESSION
        guard hawser_deflate_init_strategy(stream, level, -windowBits, memoryLevel, strategy) == Z_OK else {
            stream.deallocate()
            return nil
        }
        self.stream = stream
        return stream
    }
}
