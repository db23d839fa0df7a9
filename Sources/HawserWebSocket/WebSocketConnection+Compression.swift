import Transport
import WebSocketProtocol

/// permessage-deflate (RFC 7692), if the opening handshake agreed on it.
extension WebSocketConnection {
    func enableCompression(_ agreement: DeflateAgreement, _ policy: CompressionPolicy) {
        decoder.enableDeflate(agreement, sharing: buffers.inflateBuffer)
        compression = ConnectionCompression(agreement, policy)
    }

    /// Appends the compressed form of a message's next part to the loop's buffer.
    ///
    /// - Returns: false if there is no memory for the state, or nothing was agreed; nothing changed then.
    func compressed(_ payload: UnsafeRawBufferPointer, isFinal: Bool) -> Bool {
        guard let compression, compression.deflate(payload, isFinal: isFinal, to: &buffers.deflated) else {
            return false
        }
        compressionUsed()
        return true
    }

    /// Starts or restarts the wait for an idle period.
    func compressionUsed() {
        guard let compression, compression.used() else { return }
        compression.watch(on: loop) { [unowned self] in releaseCompressionState() }
    }

    /// Nothing was compressed or inflated for a period. A message that is under way keeps its state.
    func releaseCompressionState() {
        decoder.releaseInflateState()
        if fragmented == nil { compression?.releaseDeflater() }
        if decoder.hasInflateState || fragmented != nil { compressionUsed() }
    }
}
