import HawserServers
import TestSupport
import Testing

/// The mock server over TLS.
@Suite struct MockTLSTests {
    @Test("its certificate is good for localhost and the loopback addresses to who trusts it, and to nobody else")
    func verification() async throws {
        try await withMockServer({ $0.usesTLS = true }) { port, server in
            let certificate = try #require(server.certificate)
            for name in ["localhost", "127.0.0.1", "::1"] {
                let client = try TLSClient(port: port, trusting: certificate, name: name)
                #expect(try client.get("/user/7").content == Array("{\"id\": 7}".utf8))
            }
            #expect(throws: TLSPeerError.self) { try TLSClient(port: port, trusting: certificate, name: "example.org") }
            #expect(throws: TLSPeerError.self) { try TLSClient(port: port, trusting: nil, name: "localhost") }
            let other = try CertificateAuthority().certificate
            #expect(throws: TLSPeerError.self) { try TLSClient(port: port, trusting: other, name: "localhost") }
        }
    }

    @Test("another address that is served is in the certificate too")
    func otherAddress() async throws {
        try await withMockServer({
            $0.usesTLS = true
            $0.host = "127.0.0.9"
        }) { port, server in
            let certificate = try #require(server.certificate)
            #expect(throws: SystemCallError.self) { try RawHTTPClient(port: port) }
            let parsed = try CertificateNames(pem: certificate)
            #expect(parsed.addresses == ["127.0.0.1", "::1", "127.0.0.9"] && parsed.names == ["localhost"])
        }
    }

    @Test("ALPN agrees on http/1.1 whatever else is offered, and on nothing without it")
    func applicationProtocol() async throws {
        try await withMockServer({ $0.usesTLS = true }) { port, server in
            let certificate = try #require(server.certificate)
            for (offer, agreed) in [
                (["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), (["h2"], ""), ([], ""),
            ] {
                let client = try TLSClient(port: port, trusting: certificate, name: "localhost", protocols: offer)
                #expect(client.agreedProtocol == agreed)
                #expect(try client.get("/user/1").head.status == 200)
            }
        }
    }

    @Test("long answers and many requests come whole, pipelined ones in order, and the end is announced")
    func content() async throws {
        try await withMockServer({ $0.usesTLS = true }) { port, server in
            let certificate = try #require(server.certificate)
            let client = try TLSClient(port: port, trusting: certificate, name: "localhost")
            let long = try client.get("/bytes/3000001").content
            let isRight = long.enumerated().allSatisfy { $1 == UInt8($0 % 251) }
            #expect(long.count == 3_000_001 && isRight)
            for id in 0..<200 { #expect(try client.get("/user/\(id)").content == Array("{\"id\": \(id)}".utf8)) }
            let requests = (0..<500).map { "GET /status/\(200 + $0 % 3) HTTP/1.1\r\nHost: x\r\n\r\n" }
            try client.peer.write(Array(requests.joined().utf8))
            try client.peer.write(Array("GET /user/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8))
            // Its end is a close_notify, or this would throw.
            let text = String(decoding: try client.peer.readToEnd(), as: UTF8.self)
            let statuses = text.matches(of: /HTTP\/1\.1 (\d+)/).map { Int($0.1) }
            #expect(statuses == (0..<500).map { 200 + $0 % 3 } + [200])
        }
    }

    @Test("plain HTTP on a TLS port is cut, and the server goes on")
    func plainText() async throws {
        try await withMockServer({ $0.usesTLS = true }) { port, server in
            let plain = try RawHTTPClient(port: port)
            try plain.send("GET", "/user/1")
            try RawHTTPClient.awaitEnd(of: plain)
            let client = try TLSClient(port: port, trusting: server.certificate, name: "localhost")
            #expect(try client.get("/user/1").head.status == 200)
        }
    }
}
