/// A client's offer of permessage-deflate (RFC 7692 sections 5 and 7.1).
public struct DeflateOffer: Sendable, Hashable {
    /// The extension's registered name.
    static let name = "permessage-deflate"

    /// Asks the server to forget its history after each message.
    public var serverNoContextTakeover: Bool
    /// Says that this client forgets its history after each message.
    public var clientNoContextTakeover: Bool
    /// Limits the server's window to 2 to this power, 8-15; nil does not.
    public var serverMaxWindowBits: Int?
    /// Says that the server may limit the client's window, and that it will not be over 2 to this power, 8-15. nil says
    /// that the server may not.
    public var clientMaxWindowBits: Int?

    /// An offer; by default with every window whole and each history kept.
    public init(
        serverNoContextTakeover: Bool = false,
        clientNoContextTakeover: Bool = false,
        serverMaxWindowBits: Int? = nil,
        clientMaxWindowBits: Int? = 15
    ) {
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverMaxWindowBits = serverMaxWindowBits
        self.clientMaxWindowBits = clientMaxWindowBits
    }

    /// The value of `Sec-WebSocket-Extensions` in the request.
    public var fieldValue: String {
        var text = Self.name
        // A value of 15 limits nothing; without it the offer is the one that every server has seen.
        if let clientMaxWindowBits {
            text += "; client_max_window_bits" + (clientMaxWindowBits < 15 ? "=\(clientMaxWindowBits)" : "")
        }
        if let serverMaxWindowBits { text += "; server_max_window_bits=\(serverMaxWindowBits)" }
        if clientNoContextTakeover { text += "; client_no_context_takeover" }
        if serverNoContextTakeover { text += "; server_no_context_takeover" }
        return text
    }
}
