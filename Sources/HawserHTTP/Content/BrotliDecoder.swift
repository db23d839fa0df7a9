import CBrotli

/// Decodes `br` (RFC 7932). It holds up to 16 MiB, as much as the window that the content announces.
final class BrotliDecoder: ContentDecoder {
    private let decoder: OpaquePointer
    private var isFresh = true
    private var isEnded = false

    /// A decoder at the beginning; nil if there is no memory for it.
    init?() {
        guard let decoder = BrotliDecoderCreateInstance(nil, nil, nil) else { return nil }
        self.decoder = decoder
    }

    deinit {
        BrotliDecoderDestroyInstance(decoder)
    }

    var isWhole: Bool { isFresh || isEnded }

    func decode(
        _ input: UnsafeRawBufferPointer,
        into room: UnsafeMutableRawBufferPointer
    ) throws(ContentCodingFault) -> (taken: Int, put: Int) {
        guard !isEnded, !(isFresh && input.isEmpty) else {
            try ContentCodingFault.check(padding: input)
            return (input.count, 0)
        }
        isFresh = false
        var available = input.count
        var next = input.bindMemory(to: UInt8.self).baseAddress
        var space = room.count
        var place = room.bindMemory(to: UInt8.self).baseAddress
        switch BrotliDecoderDecompressStream(decoder, &available, &next, &space, &place, nil) {
        case BROTLI_DECODER_RESULT_SUCCESS: isEnded = true
        case BROTLI_DECODER_RESULT_ERROR:
            let words = BrotliDecoderErrorString(BrotliDecoderGetErrorCode(decoder)).map { String(cString: $0) }
            throw ContentCodingFault(problem: words ?? "brotli cannot be decoded")
        default: break
        }
        return (input.count - available, room.count - space)
    }
}
