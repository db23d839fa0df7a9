import CZstd

/// Decodes `zstd` (RFC 8878): one frame, or several. It holds up to 8 MiB and a little: contents with a larger window are
/// refused, as RFC 9659 has it.
final class ZstdDecoder: ContentDecoder {
    private static let windowBits: CInt = 23

    private let stream: OpaquePointer
    private var isInside = false

    /// A decoder at the beginning; nil if there is no memory for it.
    init?() {
        guard let stream = ZSTD_createDStream() else { return nil }
        self.stream = stream
        _ = ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, Self.windowBits)
    }

    deinit {
        ZSTD_freeDStream(stream)
    }

    var isWhole: Bool { !isInside }

    func decode(
        _ input: UnsafeRawBufferPointer,
        into room: UnsafeMutableRawBufferPointer
    ) throws(ContentCodingFault) -> (taken: Int, put: Int) {
        guard isInside || !input.isEmpty else { return (0, 0) }
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: 0)
        let status = ZSTD_decompressStream(stream, &target, &source)
        guard ZSTD_isError(status) == 0 else {
            throw ContentCodingFault(problem: ZSTD_getErrorName(status).map { String(cString: $0) } ?? "zstd")
        }
        // Zero: a frame is done, and all of it is out.
        isInside = status != 0
        return (source.pos, target.pos)
    }
}
