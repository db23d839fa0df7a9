/// The content of one answer on its way from libcurl to its reader, decoded if it is coded. Confined to the engine's
/// thread.
///
/// libcurl offers again what was refused, in whatever pieces; a decoder cannot take it twice. So what was decoded before a
/// refusal is remembered, and skipped when it comes again.
struct ContentDecoding {
    /// What the reader says to decoded bytes.
    enum Delivery {
        case taken
        /// They are to be delivered later.
        case full
        case failed
    }

    /// What libcurl is told.
    enum Answer {
        case taken
        case later
        /// The reader has failed, or the content is wrong.
        case failed(ContentCodingFault?)
    }

    private let coding: ContentCoding
    private let decoder: any ContentDecoder
    /// Bytes of what is offered again that are decoded already.
    private var skipped = 0
    /// Decoded bytes that the reader had no room for.
    private var undelivered: [UInt8] = []

    /// - Throws: that there is no memory.
    init(_ coding: ContentCoding) throws(ContentCodingFault) {
        guard let decoder = coding.decoder else { throw ContentCodingFault(problem: "no memory") }
        self.coding = coding
        self.decoder = decoder
    }

    /// Why the content cannot end here; nil if it can.
    var faultAtEnd: ContentCodingFault? {
        decoder.isWhole ? nil : ContentCodingFault(problem: "the content ended inside its \(coding.rawValue) coding")
    }

    /// Decodes `content` and delivers what comes of it.
    ///
    /// - Parameter room: where it is decoded to, piece by piece.
    mutating func take(
        _ content: UnsafeRawBufferPointer,
        room: UnsafeMutableRawBufferPointer,
        deliver: (UnsafeRawBufferPointer) -> Delivery
    ) -> Answer {
        if !undelivered.isEmpty {
            switch undelivered.withUnsafeBytes(deliver) {
            case .taken: undelivered = []
            case .full: return .later
            case .failed: return .failed(nil)
            }
        }
        let again = min(skipped, content.count)
        var rest = UnsafeRawBufferPointer(rebasing: content[again...])
        do {
            while true {
                let (taken, put) = try decoder.decode(rest, into: room)
                rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
                let piece = UnsafeRawBufferPointer(rebasing: room[..<put])
                switch put > 0 ? deliver(piece) : .taken {
                case .taken: break
                case .failed: return .failed(nil)
                case .full:
                    undelivered = Array(piece)
                    skipped += content.count - again - rest.count
                    return .later
                }
                // With room to spare there is nothing more to come of what it has.
                if put < room.count && rest.isEmpty || put == 0 && taken == 0 { break }
            }
        } catch {
            return .failed(error)
        }
        guard rest.isEmpty else {
            return .failed(ContentCodingFault(problem: "the \(coding.rawValue) coding is stuck"))
        }
        skipped -= again
        return .taken
    }
}
