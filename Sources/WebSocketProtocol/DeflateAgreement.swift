/// The parameters of permessage-deflate that the opening handshake agreed on (RFC 7692 section 7.1).
public struct DeflateAgreement: Sendable, Hashable, CustomStringConvertible {
    /// The server compresses each message by itself.
    public var serverNoContextTakeover: Bool
    /// The client must compress each message by itself.
    public var clientNoContextTakeover: Bool
    /// The server's window is 2 to this power, 8-15.
    public var serverWindowBits: Int
    /// The client's window must not be over 2 to this power, 8-15.
    public var clientWindowBits: Int

    /// An agreement of the given parameters; by default whole windows and histories that are kept.
    public init(
        serverNoContextTakeover: Bool = false,
        clientNoContextTakeover: Bool = false,
        serverWindowBits: Int = 15,
        clientWindowBits: Int = 15
    ) {
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverWindowBits = serverWindowBits
        self.clientWindowBits = clientWindowBits
    }

    /// The agreement as a server's answer writes it.
    public var description: String {
        var text = DeflateOffer.name
        if serverNoContextTakeover { text += "; server_no_context_takeover" }
        if clientNoContextTakeover { text += "; client_no_context_takeover" }
        if serverWindowBits < 15 { text += "; server_max_window_bits=\(serverWindowBits)" }
        if clientWindowBits < 15 { text += "; client_max_window_bits=\(clientWindowBits)" }
        return text
    }
}

extension DeflateAgreement {
    /// What the server took of `offer`.
    ///
    /// - Parameter parameters: those behind the extension's name in the answer.
    /// - Throws: the first parameter that section 7.1 does not allow, or one that had to be there.
    init(
        _ parameters: [ExtensionField.Parameter],
        accepting offer: DeflateOffer
    ) throws(HandshakeViolation) {
        // The offer itself says that this side forgets; the server need not repeat it (section 7.1.1.2).
        self.init(
            clientNoContextTakeover: offer.clientNoContextTakeover,
            clientWindowBits: offer.clientMaxWindowBits ?? 15
        )
        var seen: Set<String> = []
        for parameter in parameters {
            let name = parameter.name
            guard seen.insert(name).inserted else { throw HandshakeViolation(.deflateParameterRepeated, name) }
            switch name {
            case "server_no_context_takeover":
                try parameter.mustHaveNoValue()
                serverNoContextTakeover = true
            case "client_no_context_takeover":
                try parameter.mustHaveNoValue()
                clientNoContextTakeover = true
            case "server_max_window_bits":
                serverWindowBits = try parameter.windowBits(atMost: offer.serverMaxWindowBits ?? 15)
            case "client_max_window_bits":
                guard let limit = offer.clientMaxWindowBits else {
                    throw HandshakeViolation(.deflateParameterUnrequested, name)
                }
                clientWindowBits = try parameter.windowBits(atMost: limit)
            default: throw HandshakeViolation(.deflateParameterUnknown, Excerpt.of(name.utf8))
            }
        }
        // A server that cannot do these has to decline the offer (sections 7.1.1.1 and 7.1.2.1).
        if offer.serverNoContextTakeover && !serverNoContextTakeover {
            throw HandshakeViolation(.deflateParameterMissing, "server_no_context_takeover")
        }
        if let bits = offer.serverMaxWindowBits, bits < 15, !seen.contains("server_max_window_bits") {
            throw HandshakeViolation(.deflateParameterMissing, "server_max_window_bits=\(bits)")
        }
    }
}

extension ExtensionField.Parameter {
    fileprivate func mustHaveNoValue() throws(HandshakeViolation) {
        if value != nil { throw invalid }
    }

    /// A decimal number without leading zeros, 8 to `limit` (section 7.1.2).
    fileprivate func windowBits(atMost limit: Int) throws(HandshakeViolation) -> Int {
        guard let value, let bits = (8...15).first(where: { String($0) == value }), bits <= limit else {
            throw invalid
        }
        return bits
    }

    private var invalid: HandshakeViolation {
        HandshakeViolation(.deflateParameterInvalid, Excerpt.of((name + (value.map { "=" + $0 } ?? "")).utf8))
    }
}
