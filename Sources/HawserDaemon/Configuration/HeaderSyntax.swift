import WebSocketProtocol

/// The rules for header fields that a configuration may add to the opening handshake, or to a request.
enum HeaderSyntax {
    /// What to do instead of setting the field `name`, if it is one that RFC 6455 section 4.1 or the message's framing
    /// sets; nil if it may be set.
    static func remedy(forReserved name: String) -> String? {
        switch name.lowercased() {
        case "upgrade", "connection", "sec-websocket-version", "sec-websocket-extensions":
            "Hawser sets it: remove it"
        case "content-length", "transfer-encoding": "an opening handshake has no content: remove it"
        case "sec-websocket-key": "Hawser makes it anew for each dial: remove it"
        case "sec-websocket-protocol": "use the key \"subprotocols\""
        case let other where other.hasPrefix("sec-websocket-"): "it belongs to the opening handshake: remove it"
        default: nil
        }
    }

    /// What to do instead of setting the field `name` in a plain request, where the message's framing sets some
    /// (RFC 9112 section 6); nil if it may be set.
    static func remedy(forReservedInRequest name: String) -> String? {
        switch name.lowercased() {
        case "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect":
            "Hawser sets what a message needs: remove it"
        default: nil
        }
    }

    /// Whether `text` is a token (RFC 9110 section 5.6.2): a field's name, a subprotocol.
    static func isToken(_ text: String) -> Bool {
        HTTPSyntax.isToken(text.utf8)
    }

    /// What keeps `value` from being a field's value (RFC 9110 section 5.5); nil if nothing does. Never shows it.
    static func fault(ofValue value: String) -> String? {
        guard let offset = firstControl(in: value) else { return nil }
        let scalar = value.unicodeScalars.dropFirst(offset).first
        return scalar == "\n" || scalar == "\r"
            ? "the value has a line break in it" : "the value has a control character in it"
    }

    /// Where the first character stands that no field's value may have, in Unicode scalars.
    static func firstControl(in value: String) -> Int? {
        for (offset, scalar) in value.unicodeScalars.enumerated()
        where scalar.isASCII && !HTTPSyntax.isTextCharacter(UInt8(truncatingIfNeeded: scalar.value)) {
            return offset
        }
        return nil
    }
}
