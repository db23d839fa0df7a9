/// The answer's `Sec-WebSocket-Extensions`: accepted exactly when RFC 7692 section 7.1 allows it for the offer.
enum ExtensionProperties {
    static func check(_ input: inout FuzzInput) {
        let bits: [Int?] = [nil, 8, 9, 12, 15]
        let offer = DeflateOffer(
            serverNoContextTakeover: input.flag(),
            clientNoContextTakeover: input.flag(),
            serverMaxWindowBits: input.pick(bits),
            clientMaxWindowBits: input.pick(bits)
        )
        // A line end in the input begins another field line.
        let lines = input.remainder().split(separator: 0x0A, omittingEmptySubsequences: false)
        let values = lines.map { line in line.filter { $0 == 0x09 || (0x20...0x7E).contains($0) } }
        let found = agreement(values, offer)
        if let found { check(found, offer) }
        let isPlain = !values.joined().contains { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }
        guard isPlain else { return }
        let expected = PlainAnswer(values, offer).agreement
        require(
            found == expected,
            "\(values.map { String(decoding: $0, as: UTF8.self) }): \(found as Any), not \(expected as Any)"
        )
    }

    /// What an agreement must be, and that its own text means the same.
    private static func check(_ agreement: DeflateAgreement, _ offer: DeflateOffer) {
        require((8...(offer.serverMaxWindowBits ?? 15)).contains(agreement.serverWindowBits), "\(agreement)")
        require((8...(offer.clientMaxWindowBits ?? 15)).contains(agreement.clientWindowBits), "\(agreement)")
        require(agreement.serverNoContextTakeover || !offer.serverNoContextTakeover, "\(agreement)")
        require(agreement.clientNoContextTakeover || !offer.clientNoContextTakeover, "\(agreement)")
        var text = agreement.description
        // What is left out says 15, which a limit in the offer forbids to leave out.
        if agreement.clientWindowBits == 15 || offer.clientMaxWindowBits != nil {
            require(self.agreement([Array(text.utf8)], offer) == agreement, "\(agreement) read again")
        }
        text += "; \(DeflateOffer.name)"
        require(self.agreement([Array(text.utf8)], offer) == nil, "a parameter with the extension's name")
    }

    private static func agreement(_ values: [[UInt8]], _ offer: DeflateOffer) -> DeflateAgreement? {
        let lines = [
            "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Accept: \(OpeningProperties.key.expectedAccept)",
        ]
        var bytes = Array((lines.joined(separator: "\r\n") + "\r\n").utf8)
        for value in values.prefix(100) { bytes += Array("Sec-WebSocket-Extensions: ".utf8) + value + [0x0D, 0x0A] }
        bytes += [0x0D, 0x0A]
        var response = OpeningResponse(to: OpeningProperties.request(deflate: offer))
        let progress = withExactCopy(bytes[...]) { piece in
            Result { () throws(HandshakeViolation) in try response.decode(piece) }
        }
        guard case .success(.complete(_, .accepted(_, let deflate, _))) = progress else { return nil }
        return deflate
    }
}

/// The same field read the plain way; for values without quotes.
private struct PlainAnswer {
    var agreement: DeflateAgreement?

    init(_ values: [[UInt8]], _ offer: DeflateOffer) {
        let members = values.prefix(100).flatMap { $0.split(separator: UInt8(ascii: ",")) }
            .map(Self.trimmed).filter { !$0.isEmpty }
        guard members.count == 1, let member = members.first else { return }
        let parts = member.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).map(Self.trimmed)
        guard String(decoding: parts[0], as: UTF8.self).lowercased() == "permessage-deflate" else { return }
        var parameters: [String: String?] = [:]
        for part in parts.dropFirst() {
            let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
                .map(Self.trimmed)
            guard sides.allSatisfy(Self.isToken) else { return }
            let name = String(decoding: sides[0], as: UTF8.self).lowercased()
            let value = sides.count > 1 ? String(decoding: sides[1], as: UTF8.self) : nil
            guard parameters.updateValue(value, forKey: name) == nil else { return }
        }
        agreement = Self.agreement(parameters, offer)
    }

    private static func agreement(_ parameters: [String: String?], _ offer: DeflateOffer) -> DeflateAgreement? {
        var agreement = DeflateAgreement(clientNoContextTakeover: offer.clientNoContextTakeover)
        agreement.clientWindowBits = offer.clientMaxWindowBits ?? 15
        for (name, value) in parameters {
            let bits = (8...15).first { "\($0)" == value }
            switch (name, value) {
            case ("server_no_context_takeover", nil): agreement.serverNoContextTakeover = true
            case ("client_no_context_takeover", nil): agreement.clientNoContextTakeover = true
            case ("server_max_window_bits", _?):
                guard let bits, bits <= offer.serverMaxWindowBits ?? 15 else { return nil }
                agreement.serverWindowBits = bits
            case ("client_max_window_bits", _?):
                guard let bits, let most = offer.clientMaxWindowBits, bits <= most else { return nil }
                agreement.clientWindowBits = bits
            default: return nil
            }
        }
        guard agreement.serverNoContextTakeover || !offer.serverNoContextTakeover else { return nil }
        guard agreement.serverWindowBits <= offer.serverMaxWindowBits ?? 15 else { return nil }
        return agreement
    }

    private static func trimmed(_ bytes: some BidirectionalCollection<UInt8>) -> [UInt8] {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        return Array(bytes.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    private static func isToken(_ bytes: [UInt8]) -> Bool {
        let marks = Array("!#$%&'*+-.^_`|~".utf8)
        return !bytes.isEmpty
            && bytes.allSatisfy { byte in
                marks.contains(byte) || Character(UnicodeScalar(byte)).isLetter
                    || Character(UnicodeScalar(byte)).isNumber
            }
    }
}
