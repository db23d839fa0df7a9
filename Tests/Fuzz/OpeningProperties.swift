/// The answer to the opening handshake: the same however it is cut, with everything it reports within its limits.
enum OpeningProperties {
    /// What came of one answer.
    private struct Outcome: Equatable {
        var answer: OpeningResponse.Answer?
        var violation: HandshakeViolation?
        /// Bytes up to the answer's end.
        var size: Int?
    }

    static let key = OpeningKey(nonce: (0, 0))

    static func request(deflate: DeflateOffer?) -> OpeningRequest {
        do {
            return try OpeningRequest(
                url: try WebSocketURL("ws://example.org/"),
                key: key,
                subprotocols: ["a", "b"],
                deflate: deflate
            )
        } catch {
            broken("\(error)")
        }
    }

    static func check(_ input: inout FuzzInput) {
        let offer = input.flag() ? DeflateOffer() : nil
        let cuts = Cuts(seed: input.byte(), largest: input.pick([1, 3, 40, 400]))
        let bytes = input.remainder()
        let request = request(deflate: offer)
        let uncut = outcome(bytes, request, cuts: nil)
        let cut = outcome(bytes, request, cuts: cuts)
        require(cut == uncut, "cut:\n\(cut)\nuncut:\n\(uncut)")
        if let answer = uncut.answer { check(answer, offer) }
        if case .accepted? = uncut.answer, let size = uncut.size { checkHead(Array(bytes.prefix(size))) }
        if let violation = uncut.violation { require(!violation.description.isEmpty, "a violation without words") }
    }

    private static func check(_ answer: OpeningResponse.Answer, _ offer: DeflateOffer?) {
        switch answer {
        case .accepted(let subprotocol, let deflate, let fields):
            require(subprotocol == nil || ["a", "b"].contains(subprotocol), "a subprotocol that was not asked for")
            require(deflate == nil || offer != nil, "an extension that was not asked for")
            require(fields["Sec-WebSocket-Accept"] == key.expectedAccept, "accepted without proof")
        case .rejected(let rejection):
            require(rejection.status != 101 && (200...999).contains(rejection.status), "status \(rejection.status)")
            require(rejection.contentPrefix.count <= 1024, "\(rejection.contentPrefix.count) bytes of content")
            guard let field = rejection.retryAfterField else { return }
            for date in [Int64.min, 0, 1_700_000_000, .max] {
                let wait = RetryAfter.parse(field, date: date) ?? .zero
                require(wait >= .zero && wait <= .seconds(366 * 86_400), "Retry-After of \(wait)")
            }
        }
    }

    /// What every accepted head must look like, whatever else it has.
    private static func checkHead(_ bytes: [UInt8]) {
        for (index, byte) in bytes.enumerated() {
            let isLineEnd = byte == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A
            let endsLine = byte == 0x0A && index > 0 && bytes[index - 1] == 0x0D
            let isText = byte == 0x09 || (byte >= 0x20 && byte != 0x7F)
            require(isLineEnd || endsLine || isText, "accepted with a control character at \(index)")
        }
        // A Character is never half a line end.
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n", omittingEmptySubsequences: false)
        require(lines.count > 2 && lines.suffix(2).allSatisfy(\.isEmpty), "accepted without an empty line at its end")
        let head = lines.dropLast(2).split(separator: "", omittingEmptySubsequences: false).last ?? []
        let status = head.first.map(String.init) ?? ""
        require(status.hasPrefix("HTTP/1.") && status.dropFirst(8).hasPrefix(" 101"), "accepted with '\(status)'")
        let names = head.dropFirst().map { $0.prefix { $0 != ":" }.lowercased() }
        let counts = Dictionary(grouping: names) { $0 }.mapValues(\.count)
        require(counts["sec-websocket-accept"] == 1, "accepted with several proofs")
        require(counts["sec-websocket-protocol", default: 0] <= 1, "accepted with several subprotocols")
        require(counts["upgrade"] != nil && counts["connection"] != nil, "accepted without an upgrade")
    }

    private static func outcome(_ bytes: [UInt8], _ request: OpeningRequest, cuts: Cuts?) -> Outcome {
        var response = OpeningResponse(to: request)
        var cuts = cuts
        var next = 0
        while next < bytes.count {
            let end = next + min(cuts?.next() ?? .max, bytes.count - next)
            let progress = withExactCopy(bytes[next..<end]) { piece in
                Result { () throws(HandshakeViolation) in try response.decode(piece) }
            }
            switch progress {
            case .failure(let violation): return Outcome(violation: violation)
            case .success(.complete(let consumed, let answer)):
                require((1...end - next).contains(consumed), "\(consumed) of \(end - next) bytes taken")
                return Outcome(answer: answer, size: next + consumed)
            case .success(.needMore): next = end
            }
        }
        return Outcome(answer: response.end())
    }
}
