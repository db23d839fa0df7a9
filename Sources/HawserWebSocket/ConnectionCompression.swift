import MonotonicTime
import Transport
import WebSocketProtocol

/// The compression of one connection that agreed on permessage-deflate (RFC 7692); confined to its loop.
///
/// zlib's state is made when the first compressed message comes or goes, and given back when none has for a whole
/// period. The timer exists and runs only while there is state.
final class ConnectionCompression {
    let agreement: DeflateAgreement
    /// Outgoing messages of fewer bytes are sent as they are.
    let threshold: Int
    private let memory: Int
    private let idlePeriod: Duration
    private var deflater: MessageDeflater?
    private var timer: LoopTimer?
    private var wasUsed = false

    /// - Parameter idlePeriod: state that was not used for this long, at most twice as long, is given back.
    init(_ agreement: DeflateAgreement, _ policy: CompressionPolicy, idlePeriod: Duration = .seconds(30)) {
        self.agreement = agreement
        threshold = policy.threshold
        memory = policy.memory
        self.idlePeriod = idlePeriod
    }

    /// Appends the compressed form of a message's next part to `output`.
    ///
    /// - Returns: false if there is no memory for the state: nothing was appended.
    func deflate(_ payload: UnsafeRawBufferPointer, isFinal: Bool, to output: inout [UInt8]) -> Bool {
        let deflater = deflater ?? MessageDeflater(agreement, memory: memory)
        self.deflater = deflater
        return deflater.append(payload, isFinal: isFinal, to: &output)
    }

    /// Notes that the state was used.
    ///
    /// - Returns: whether `watch` must follow, because nothing waits for an idle period.
    func used() -> Bool {
        wasUsed = true
        return timer == nil
    }

    /// Has `onIdle` called on the loop, once, when the state was not used for a whole period.
    func watch(on loop: EventLoop, _ onIdle: @escaping () -> Void) {
        timer = loop.makeTimer { [unowned self] in periodEnded(loop, onIdle) }
        timer?.arm(at: loop.now + idlePeriod)
    }

    /// Gives back the state of the outgoing direction; the next message is compressed without history.
    func releaseDeflater() {
        deflater = nil
    }

    private func periodEnded(_ loop: EventLoop, _ onIdle: () -> Void) {
        if wasUsed {
            wasUsed = false
            timer?.arm(at: loop.now + idlePeriod)
        } else {
            timer = nil
            onIdle()
        }
    }
}
