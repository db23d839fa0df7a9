import Testing

@testable import WebSocketProtocol

@Suite("SHA-1, base64 and the opening key")
struct DigestTests {
    private func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    @Test(
        "SHA-1 of the FIPS 180 and RFC 3174 vectors",
        arguments: [
            ("", 1, "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            ("abc", 1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
            ),
            (
                "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrst"
                    + "nopqrstu", 1, "a49b2446a02c645bf419f995b67091253a04a259"
            ),
            (
                "0123456701234567012345670123456701234567012345670123456701234567", 10,
                "dea356a2cddd90c7a7ecedc5ebb563934f460452"
            ),
            ("The quick brown fox jumps over the lazy dog", 1, "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"),
        ]
    )
    func vectors(text: String, repeats: Int, digest: String) {
        let message = (0..<repeats).flatMap { _ in Array(text.utf8) }
        #expect(hexadecimal(SHA1.digest(message)) == digest)
    }

    @Test("SHA-1 of 10,000 a's, and of every length around a block's end")
    func lengths() {
        #expect(
            hexadecimal(SHA1.digest(repeatElement(UInt8(ascii: "a"), count: 10_000)))
                == "a080cbda64850abb7b7f67ee875ba068074ff6fe"
        )
        // The digests of 0 to 130 zero bytes, digested in turn.
        let all = (0...130).flatMap { SHA1.digest(repeatElement(0, count: $0)) }
        #expect(hexadecimal(SHA1.digest(all)) == "818c65f1b041afb30f2a12f75127000c5bc03e5f")
    }

    @Test(
        "Base64 of the RFC 4648 vectors",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"), ("\u{0}>?~", "AD4/fg=="),
        ]
    )
    func base64(plain: String, encoded: String) {
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
    }

    @Test("Base64 uses its whole alphabet in order")
    func alphabet() {
        let bytes = stride(from: UInt32(0), to: 64, by: 4).flatMap { first -> [UInt8] in
            let group = first << 18 | (first + 1) << 12 | (first + 2) << 6 | (first + 3)
            return [UInt8(group >> 16 & 0xFF), UInt8(group >> 8 & 0xFF), UInt8(group & 0xFF)]
        }
        #expect(Base64.encode(bytes) == "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    }

    @Test("The key and answer of RFC 6455 section 1.3")
    func sample() throws {
        let key = try #require(OpeningKey("dGhlIHNhbXBsZSBub25jZQ=="))
        #expect(key.expectedAccept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("A key made of a nonce is a key")
    func nonces() {
        var generator = SeededGenerator(seed: 4)
        for _ in 0..<100 {
            let key = OpeningKey(nonce: (generator.next(), generator.next()))
            #expect(OpeningKey(key.value) == key)
        }
        #expect(OpeningKey(nonce: (0, 0)).value == "AAAAAAAAAAAAAAAAAAAAAA==")
    }

    @Test(
        "What is not the base64 of 16 bytes is no key",
        arguments: [
            "", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ===", "dGhlIHNhbXBsZSBub25jZQAA",
            "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub2 jZQ==", "dGhlIHNhbXBsZSBub25jZQ=\n",
            "dGhlIHNhbXBsZSBub25j\r\n==",
        ]
    )
    func badKeys(value: String) {
        #expect(OpeningKey(value) == nil)
    }
}
