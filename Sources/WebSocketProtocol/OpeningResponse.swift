/// The server's half of the opening handshake (RFC 6455 sections 4.1 and 4.2.2), read as it arrives.
///
/// The parser keeps what it needs of the bytes it was given: offer each byte once. What it reports depends on the bytes
/// alone, not on how they were cut.
public struct OpeningResponse: Sendable {
    /// How far the answer has come.
    public enum Progress: Sendable {
        /// All bytes were taken, and more are needed.
        case needMore
        /// The answer. `consumed` of the bytes just offered belong to it; behind a 101 the others are frames.
        case complete(consumed: Int, answer: Answer)
    }

    /// The server's answer.
    public enum Answer: Sendable, Hashable {
        /// The connection is a WebSocket connection now. `subprotocol` is one of those asked for, or nil; `deflate` is nil
        /// unless permessage-deflate was offered and accepted.
        case accepted(subprotocol: String?, deflate: DeflateAgreement?, fields: HTTPFields)
        /// A status other than 101.
        case rejected(Rejection)
    }

    /// An HTTP answer other than 101 Switching Protocols.
    public struct Rejection: Sendable, Hashable {
        /// 200-999.
        public var status: Int
        /// What the server wrote behind the status; often empty.
        public var reasonPhrase: String
        /// All fields.
        public var fields: HTTPFields
        /// The beginning of the content, at most 1 KiB.
        public var contentPrefix: [UInt8]

        /// A rejection of the given parts.
        public init(status: Int, reasonPhrase: String = "", fields: HTTPFields = .init(), contentPrefix: [UInt8] = []) {
            self.status = status
            self.reasonPhrase = reasonPhrase
            self.fields = fields
            self.contentPrefix = contentPrefix
        }

        /// The value of `Retry-After`, for `RetryAfter.parse`.
        public var retryAfterField: String? {
            fields["Retry-After"]
        }
    }

    private enum State: Sendable {
        case head(HTTPHeadReader)
        case content(HTTPHeadReader.Head, ContentReader)
        case done
    }

    private let expectedAccept: String
    private let subprotocols: [String]
    private let offer: DeflateOffer?
    private var state = State.head(HTTPHeadReader())

    /// A parser for the answer to `request`.
    public init(to request: OpeningRequest) {
        expectedAccept = request.key.expectedAccept
        subprotocols = request.subprotocols
        offer = request.deflate
    }

    /// Whether a rejection's head is whole and its content is being waited for; `end()` gives what there is.
    public var isReadingContent: Bool {
        if case .content = state { return true }
        return false
    }

    /// Reads on in the answer. After its end, or a violation, nothing is looked at any more.
    ///
    /// - Throws: the first violation. A rejection whose content is framed wrongly is none.
    public mutating func decode(_ bytes: UnsafeRawBufferPointer) throws(HandshakeViolation) -> Progress {
        // Taken out while it changes, so that what was read so far is not copied for each call; a violation leaves it so.
        let current = state
        state = .done
        switch current {
        case .head(let reader): return try decodeHead(reader, bytes)
        case .content(let head, let reader): return decodeContent(head, reader, bytes, from: 0)
        case .done: return .needMore
        }
    }

    private mutating func decodeHead(
        _ partial: consuming HTTPHeadReader,
        _ bytes: UnsafeRawBufferPointer
    ) throws(HandshakeViolation) -> Progress {
        var reader = partial
        for (index, byte) in bytes.enumerated() {
            guard try reader.take(byte), let head = reader.head else { continue }
            if head.status == 101 { return .complete(consumed: index + 1, answer: try accept(head)) }
            let content = ContentReader(status: head.status, fields: head.fields)
            return decodeContent(head, content, bytes, from: index + 1)
        }
        state = .head(reader)
        return .needMore
    }

    private mutating func decodeContent(
        _ head: HTTPHeadReader.Head,
        _ partial: consuming ContentReader,
        _ bytes: UnsafeRawBufferPointer,
        from start: Int
    ) -> Progress {
        var reader = partial
        var consumed = start
        while !reader.isDone && consumed < bytes.count {
            reader.take(bytes[consumed])
            consumed += 1
        }
        if reader.isDone { return .complete(consumed: consumed, answer: Self.reject(head, reader)) }
        state = .content(head, reader)
        return .needMore
    }

    /// Ends the answer at the end of the connection, or at a deadline.
    ///
    /// - Returns: the rejection with as much content as came; nil if not even its head is whole.
    public mutating func end() -> Answer? {
        guard case .content(let head, let reader) = state else { return nil }
        state = .done
        return Self.reject(head, reader)
    }

    private static func reject(_ head: HTTPHeadReader.Head, _ reader: ContentReader) -> Answer {
        .rejected(
            Rejection(
                status: head.status,
                reasonPhrase: head.reasonPhrase,
                fields: head.fields,
                contentPrefix: reader.content
            )
        )
    }

    /// The checks of section 4.1, in its order.
    private func accept(_ head: HTTPHeadReader.Head) throws(HandshakeViolation) -> Answer {
        guard head.minorVersion >= 1 else { throw HandshakeViolation(.unsupportedVersion, "HTTP/1.0") }
        let upgrades = head.fields.listMembers("Upgrade")
        guard !upgrades.isEmpty else { throw HandshakeViolation(.upgradeMissing) }
        if let other = upgrades.first(where: { !HTTPSyntax.areEqualIgnoringCase($0, "websocket") }) {
            throw HandshakeViolation(.upgradeToOther, Excerpt.of(other.utf8))
        }
        let options = head.fields.listMembers("Connection")
        guard options.contains(where: { HTTPSyntax.areEqualIgnoringCase($0, "upgrade") }) else {
            throw HandshakeViolation(
                .connectionWithoutUpgrade,
                Excerpt.of(options.joined(separator: ", ").utf8)
            )
        }
        let proofs = head.fields.values("Sec-WebSocket-Accept")
        guard let proof = proofs.first else { throw HandshakeViolation(.acceptMissing) }
        guard proofs.count == 1 else { throw HandshakeViolation(.acceptRepeated) }
        guard proof == expectedAccept else { throw HandshakeViolation(.acceptMismatch, Excerpt.of(proof.utf8)) }
        let deflate = try agreement(head.fields.values("Sec-WebSocket-Extensions"))
        let chosen = head.fields.values("Sec-WebSocket-Protocol")
        guard chosen.count <= 1 else {
            throw HandshakeViolation(.subprotocolRepeated, Excerpt.of(chosen.joined(separator: ", ").utf8))
        }
        if let subprotocol = chosen.first, !subprotocols.contains(subprotocol) {
            throw HandshakeViolation(.subprotocolUnrequested, Excerpt.of(subprotocol.utf8))
        }
        return .accepted(subprotocol: chosen.first, deflate: deflate, fields: head.fields)
    }

    /// What the server took of the offer (RFC 7692 section 5.1).
    private func agreement(_ values: [String]) throws(HandshakeViolation) -> DeflateAgreement? {
        guard !values.isEmpty else { return nil }
        guard let elements = ExtensionField.parse(values), let first = elements.first else {
            throw HandshakeViolation(.extensionMalformed, Excerpt.of(values.joined(separator: ", ").utf8))
        }
        if let other = elements.first(where: { $0.name != DeflateOffer.name }) {
            throw HandshakeViolation(.extensionUnrequested, Excerpt.of(other.name.utf8))
        }
        guard let offer else { throw HandshakeViolation(.extensionUnrequested, first.name) }
        guard elements.count == 1 else { throw HandshakeViolation(.extensionRepeated) }
        return try DeflateAgreement(first.parameters, accepting: offer)
    }
}
