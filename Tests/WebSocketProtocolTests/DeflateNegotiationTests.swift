import Testing
import WebSocketProtocol

@Suite("permessage-deflate: negotiation")
struct DeflateNegotiationTests {
    private static let head =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        + "Sec-WebSocket-Accept: \(sampleAccept)\r\n"

    /// What comes of an answer with these field lines to `offer`.
    private func agreement(
        _ values: [String],
        to offer: DeflateOffer? = DeflateOffer()
    ) throws -> Result<DeflateAgreement?, HandshakeViolation> {
        let lines = values.map { "Sec-WebSocket-Extensions: \($0)\r\n" }.joined()
        switch try answer(Array((Self.head + lines + "\r\n").utf8), deflate: offer, cuts: [7]) {
        case .answer(.accepted(_, let deflate, _), _): return .success(deflate)
        case .violation(let violation): return .failure(violation)
        case let other:
            Issue.record("\(other)")
            return .success(nil)
        }
    }

    @Test("An offer is written with exactly the parameters that are wanted")
    func offers() {
        #expect(DeflateOffer().fieldValue == "permessage-deflate; client_max_window_bits")
        #expect(DeflateOffer(clientMaxWindowBits: nil).fieldValue == "permessage-deflate")
        let all = DeflateOffer(
            serverNoContextTakeover: true,
            clientNoContextTakeover: true,
            serverMaxWindowBits: 10,
            clientMaxWindowBits: 9
        )
        #expect(
            all.fieldValue == "permessage-deflate; client_max_window_bits=9; server_max_window_bits=10;"
                + " client_no_context_takeover; server_no_context_takeover"
        )
    }

    @Test("The request carries the offer, or nothing")
    func request() throws {
        let key = try #require(OpeningKey("dGhlIHNhbXBsZSBub25jZQ=="))
        let url = try WebSocketURL("ws://h/")
        let with = try OpeningRequest(url: url, key: key, deflate: DeflateOffer()).serialized()
        #expect(
            String(decoding: with, as: UTF8.self)
                .contains("\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")
        )
        let without = try OpeningRequest(url: url, key: key).serialized()
        #expect(!String(decoding: without, as: UTF8.self).contains("Extensions"))
    }

    @Test(
        "A server may take the offer with any parameters that section 7.1 allows",
        arguments: [
            ("permessage-deflate", DeflateAgreement()),
            ("Permessage-Deflate ;  Server_No_Context_Takeover", DeflateAgreement(serverNoContextTakeover: true)),
            ("permessage-deflate; client_no_context_takeover", DeflateAgreement(clientNoContextTakeover: true)),
            ("permessage-deflate; server_max_window_bits=8", DeflateAgreement(serverWindowBits: 8)),
            ("permessage-deflate; server_max_window_bits=\"1\\0\"", DeflateAgreement(serverWindowBits: 10)),
            ("permessage-deflate;client_max_window_bits=15", DeflateAgreement()),
            (", permessage-deflate; client_max_window_bits = 12 ,", DeflateAgreement(clientWindowBits: 12)),
            (
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover;"
                    + " server_max_window_bits=9; client_max_window_bits=8",
                DeflateAgreement(
                    serverNoContextTakeover: true,
                    clientNoContextTakeover: true,
                    serverWindowBits: 9,
                    clientWindowBits: 8
                )
            ),
        ]
    )
    func accepted(value: String, expected: DeflateAgreement) throws {
        #expect(try agreement([value]) == .success(expected))
        // What an agreement says of itself is an answer that gives it again.
        #expect(try agreement([expected.description]) == .success(expected))
    }

    @Test("A server that does not take the offer is a server without compression")
    func declined() throws {
        #expect(try agreement([]) == .success(nil))
    }

    @Test(
        "Each rule of the answer has its violation",
        arguments: [
            (["permessage-deflate;"], .extensionMalformed), ([";"], .extensionMalformed), ([","], .extensionMalformed),
            (["permessage-deflate server_no_context_takeover"], .extensionMalformed),
            (["permessage-deflate; server_max_window_bits="], .extensionMalformed),
            (["permessage-deflate; server_max_window_bits=\"\""], .extensionMalformed),
            (["permessage-deflate; server_max_window_bits=\"10"], .extensionMalformed),
            (["permessage-deflate; server_max_window_bits=\"1 0\""], .extensionMalformed),
            (["permessage-deflate; server_max_window_bits=\"10\\"], .extensionMalformed),
            (["x-webkit-deflate-frame"], .extensionUnrequested),
            (["permessage-deflate, permessage-bzip2"], .extensionUnrequested),
            (["permessage-deflate", "permessage-deflate"], .extensionRepeated),
            (["permessage-deflate, permessage-deflate; server_no_context_takeover"], .extensionRepeated),
            (["permessage-deflate; quality=9"], .deflateParameterUnknown),
            (["permessage-deflate; server_max_window_bits=9; server_max_window_bits=9"], .deflateParameterRepeated),
            (["permessage-deflate; server_no_context_takeover=1"], .deflateParameterInvalid),
            (["permessage-deflate; client_no_context_takeover=\"a\""], .deflateParameterInvalid),
            (["permessage-deflate; server_max_window_bits"], .deflateParameterInvalid),
            (["permessage-deflate; client_max_window_bits"], .deflateParameterInvalid),
            (["permessage-deflate; server_max_window_bits=7"], .deflateParameterInvalid),
            (["permessage-deflate; server_max_window_bits=16"], .deflateParameterInvalid),
            (["permessage-deflate; server_max_window_bits=08"], .deflateParameterInvalid),
            (["permessage-deflate; server_max_window_bits=+9"], .deflateParameterInvalid),
            (["permessage-deflate; client_max_window_bits=99999999999999999999"], .deflateParameterInvalid),
        ] as [([String], HandshakeViolation.Rule)]
    )
    func violations(values: [String], rule: HandshakeViolation.Rule) throws {
        guard case .failure(let violation) = try agreement(values) else {
            Issue.record("accepted")
            return
        }
        #expect(violation.rule == rule, "\(violation)")
        #expect(violation.description.contains("(RFC "))
    }

    @Test("What was offered limits what may be answered")
    func limits() throws {
        let plain = DeflateOffer(clientMaxWindowBits: nil)
        let bits = "permessage-deflate; client_max_window_bits=12"
        #expect(try agreement([bits], to: plain).rule == .deflateParameterUnrequested)
        #expect(try agreement([bits], to: DeflateOffer(clientMaxWindowBits: 11)).rule == .deflateParameterInvalid)
        #expect(try agreement([bits], to: nil).rule == .extensionUnrequested)
        let small = DeflateOffer(serverMaxWindowBits: 10)
        #expect(try agreement(["permessage-deflate"], to: small).rule == .deflateParameterMissing)
        let wide = ["permessage-deflate; server_max_window_bits=11"]
        #expect(try agreement(wide, to: small).rule == .deflateParameterInvalid)
        #expect(try agreement(["permessage-deflate; server_max_window_bits=10"], to: small).rule == nil)
        let forgetful = DeflateOffer(serverNoContextTakeover: true, clientNoContextTakeover: true)
        #expect(try agreement(["permessage-deflate"], to: forgetful).rule == .deflateParameterMissing)
        // Our own promise to forget holds without an echo of it.
        let answered = try agreement(["permessage-deflate; server_no_context_takeover"], to: forgetful)
        #expect(
            answered == .success(DeflateAgreement(serverNoContextTakeover: true, clientNoContextTakeover: true))
        )
        // And so does a window of our own choice.
        let own = try agreement(["permessage-deflate"], to: DeflateOffer(clientMaxWindowBits: 9))
        #expect(own == .success(DeflateAgreement(clientWindowBits: 9)))
    }

    @Test("A policy asks for a small window only where its memory demands one")
    func policies() {
        #expect(CompressionPolicy().offer == DeflateOffer())
        #expect(CompressionPolicy(memory: 1 << 20).offer == DeflateOffer())
        #expect(CompressionPolicy(memory: 48 << 10).offer.serverMaxWindowBits == 14)
        #expect(CompressionPolicy(memory: CompressionPolicy.memoryMinimum).offer.serverMaxWindowBits == 11)
        #expect(CompressionPolicy(memory: 0).offer == CompressionPolicy(memory: CompressionPolicy.memoryMinimum).offer)
        #expect(CompressionPolicy(serverMaxWindowBits: 3).offer.serverMaxWindowBits == 8)
        #expect(CompressionPolicy(memory: 24 << 10, serverMaxWindowBits: 15).offer.serverMaxWindowBits == 12)
        #expect(CompressionPolicy(clientMaxWindowBits: 12).offer.clientMaxWindowBits == 12)
    }

    @Test("Random extension fields never trap, and only an agreement within the offer comes of them")
    func fuzz() throws {
        let seed: UInt64 = 0x7692
        print("DeflateNegotiationTests.fuzz: seed \(seed)")
        var generator = SeededGenerator(seed: seed)
        let parts = [
            "permessage-deflate", ";", ",", "=", "\"", "\\", " ", "8", "15", "16", "server_max_window_bits",
            "client_max_window_bits", "server_no_context_takeover", "client_no_context_takeover", "x", "é",
        ]
        let offer = DeflateOffer(serverMaxWindowBits: 12, clientMaxWindowBits: 10)
        var agreements = 0
        for _ in 0..<5_000 {
            let tail = (0..<generator.pick(0...8)).map { _ in parts[generator.pick(0...parts.count - 1)] }
            let value = "permessage-deflate; server_max_window_bits=9" + tail.joined()
            guard case .success(let found?) = try agreement([value], to: offer) else { continue }
            agreements += 1
            #expect(found.serverWindowBits == 9 && found.clientWindowBits <= 10, "\(value)")
        }
        #expect(agreements > 125, "the fuzz has gone blind")
    }
}

extension Result where Failure == HandshakeViolation {
    fileprivate var rule: HandshakeViolation.Rule? {
        guard case .failure(let violation) = self else { return nil }
        return violation.rule
    }
}
