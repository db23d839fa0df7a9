import Glibc
import NameResolution
import Testing

/// Addresses as text and as the C library takes them.
@Suite("Socket address")
struct SocketAddressTests {
    @Test(
        "IP literals are read and shown in their canonical form",
        arguments: [
            ("127.0.0.1", "127.0.0.1:80", SocketAddress.Family.ipv4), ("0.0.0.0", "0.0.0.0:80", .ipv4),
            ("::1", "[::1]:80", .ipv6), ("2001:DB8:0:0::7", "[2001:db8::7]:80", .ipv6),
            ("::ffff:192.0.2.1", "[::ffff:192.0.2.1]:80", .ipv6), ("fe80::1%lo", "[fe80::1%lo]:80", .ipv6),
        ]
    )
    func literals(text: String, shown: String, family: SocketAddress.Family) {
        let address = SocketAddress(ipLiteral: text, port: 80)
        #expect(address?.description == shown)
        #expect(address?.family == family)
        #expect(address?.port == 80)
        #expect(address?.withPort(443).port == 443)
        #expect(address?.withPort(443).withPort(80) == address)
    }

    @Test(
        "what is no literal is refused",
        arguments: [
            "", "localhost", "127.0.0.1.1", "127.1", "[::1]", "::1%", "::1%no-such-interface", "::1%lo%lo",
            "1.2.3.4%lo",
        ]
    )
    func notLiterals(text: String) {
        #expect(SocketAddress(ipLiteral: text, port: 80) == nil)
    }

    @Test("an address survives the way through a sockaddr", arguments: ["192.0.2.200", "2001:db8::1:2", "fe80::1%lo"])
    func roundTrip(text: String) throws {
        let address = try #require(SocketAddress(ipLiteral: text, port: 65535))
        #expect(address.withSockaddr { SocketAddress($0, length: $1) } == address)
        #expect(address.withSockaddr { SocketAddress($0, length: $1 - 1) } == nil, "cut short")
        #expect(address.withSockaddr { raw, _ in SocketAddress(raw, length: 0) } == nil)
    }

    @Test("paths of Unix sockets")
    func unix() throws {
        let path = "/run/hawser/feed.sock"
        let address = try #require(SocketAddress(unixPath: path))
        #expect(address.description == path)
        #expect(address.host == path)
        #expect(address.unixPath == path)
        #expect(address.port == 0)
        #expect(address.withPort(5) == address)
        let longest = "/" + String(repeating: "x", count: SocketAddress.longestUnixPath - 1)
        #expect(SocketAddress(unixPath: longest) != nil)
        #expect(SocketAddress(unixPath: longest + "x") == nil)
        #expect(SocketAddress(unixPath: "") == nil)
        #expect(SocketAddress(unixPath: "/a\0b") == nil)
        let seen = address.withSockaddr { raw, length in
            (Int32(raw.pointee.sa_family), Int(length))
        }
        #expect(seen == (AF_UNIX, 2 + path.utf8.count + 1))
    }
}
