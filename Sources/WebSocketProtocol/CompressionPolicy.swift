/// What a client wants of permessage-deflate (RFC 7692), and what it may cost.
///
/// State is allocated when the first compressed message comes or goes. Inflating takes the server's window and some
/// 7 KiB; deflating takes four times its own window, its hash table and some 6 KiB. Both together stay within `memory`:
/// the server's window has first call on it, because it saves the most of what is received.
public struct CompressionPolicy: Sendable, Hashable {
    /// The smallest `memory` that leaves both directions a window worth having, in bytes.
    public static let memoryMinimum = 20 << 10
    /// The default of `memory`, in bytes: whole windows for what is received, 2 KiB for what is sent.
    public static let standardMemory = 64 << 10

    /// Outgoing messages of fewer payload bytes are sent uncompressed.
    public var threshold: Int
    /// The most bytes of compression state that one connection holds, both directions together; at least
    /// `memoryMinimum`, less counts as that.
    public var memory: Int
    /// Asks the server to compress each message by itself: its history is not kept, and it compresses less.
    public var serverNoContextTakeover: Bool
    /// Compresses each outgoing message by itself, and tells the server so.
    public var clientNoContextTakeover: Bool
    /// The most window bits that the server may use, 8-15; nil lets `memory` decide.
    public var serverMaxWindowBits: Int?
    /// The most window bits that this client uses, 8-15; nil lets `memory` and the server decide.
    public var clientMaxWindowBits: Int?

    /// A policy; values out of range count as the nearest within.
    public init(
        threshold: Int = 256,
        memory: Int = CompressionPolicy.standardMemory,
        serverNoContextTakeover: Bool = false,
        clientNoContextTakeover: Bool = false,
        serverMaxWindowBits: Int? = nil,
        clientMaxWindowBits: Int? = nil
    ) {
        self.threshold = threshold
        self.memory = memory
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverMaxWindowBits = serverMaxWindowBits
        self.clientMaxWindowBits = clientMaxWindowBits
    }

    /// What the opening handshake offers. The server's window is limited only where `memory` demands it: many servers
    /// cannot limit theirs and would decline.
    public var offer: DeflateOffer {
        let affordable = DeflateMemory.serverWindowBits(within: memory)
        let wanted = serverMaxWindowBits.map { min(max($0, 8), affordable) }
        return DeflateOffer(
            serverNoContextTakeover: serverNoContextTakeover,
            clientNoContextTakeover: clientNoContextTakeover,
            serverMaxWindowBits: wanted ?? (affordable < 15 ? affordable : nil),
            clientMaxWindowBits: clientMaxWindowBits.map { min(max($0, 8), 15) } ?? 15
        )
    }
}
