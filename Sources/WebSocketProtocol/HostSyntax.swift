/// The host of a URL: a DNS name, an IPv4 address, or an IPv6 address in brackets (RFC 3986 section 3.2.2).
enum HostSyntax {
    /// A name in lower case, or an IPv4 address.
    static func nameOrAddress(
        _ host: ArraySlice<UInt8>
    ) throws(WebSocketURLError) -> (host: String, isAddress: Bool) {
        guard !host.isEmpty else { throw .init(.host, "there is none", allowed: "a name or an address") }
        guard host.allSatisfy({ $0 < 0x80 }) else {
            throw .init(
                .host,
                "it has a character beyond ASCII",
                seen: String(String(decoding: host, as: UTF8.self).prefix(64)),
                allowed: "the name's ASCII form (xn--…), as idn2 prints it"
            )
        }
        guard let wrong = host.first(where: { !isNameCharacter($0) }) else {
            return (try checkLabels(host), isIPv4(host))
        }
        throw .init(
            .host,
            "\"\(Excerpt.of(CollectionOfOne(wrong)))\" is not allowed in it",
            seen: Excerpt.of(host),
            allowed: "letters, digits, - . and _"
        )
    }

    /// An IPv6 address without its brackets, in lower case; a zone is written `%25eth0` (RFC 6874) and kept as `%eth0`.
    static func bracketedAddress(_ inside: ArraySlice<UInt8>) throws(WebSocketURLError) -> String {
        let address = inside.prefix { $0 != UInt8(ascii: "%") }
        guard isIPv6(address) else {
            throw .init(.host, "not an IPv6 address", seen: Excerpt.of(inside), allowed: "such as [2001:db8::1]")
        }
        let text = String(decoding: address.map(HTTPSyntax.lowercased), as: UTF8.self)
        guard address.endIndex < inside.endIndex else { return text }
        let zone = inside[address.endIndex...]
        // An interface's name has at most 15 bytes on Linux.
        let name = zone.dropFirst(3)
        guard zone.starts(with: "%25".utf8), (1...15).contains(name.count), name.allSatisfy(isNameCharacter) else {
            throw .init(.host, "not a zone", seen: Excerpt.of(zone), allowed: "%25 and an interface, as in %25eth0")
        }
        return "\(text)%\(String(decoding: name, as: UTF8.self))"
    }

    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// The name in lower case; DNS allows labels of 1-63 bytes and 253 in all (RFC 1035 section 2.3.4).
    private static func checkLabels(_ host: ArraySlice<UInt8>) throws(WebSocketURLError) -> String {
        let name = host.last == UInt8(ascii: ".") ? host.dropLast() : host
        let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard name.count <= 253, labels.allSatisfy({ (1...63).contains($0.count) }) else {
            throw .init(
                .host,
                "a label is empty or too long",
                seen: Excerpt.of(host),
                allowed: "labels of 1 to 63 characters between dots, 253 in all"
            )
        }
        // "127.1" or "10.0.0.256": resolvers guess at these, each in its own way.
        if let last = labels.last, last.allSatisfy(isDecimalDigit), !isIPv4(host) {
            throw .init(.host, "not an IPv4 address", seen: Excerpt.of(host), allowed: "such as 192.0.2.1, or a name")
        }
        return String(decoding: host.map(HTTPSyntax.lowercased), as: UTF8.self)
    }

    private static func isDecimalDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    /// Four decimal numbers up to 255 without leading zeros.
    static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && (part.count == 1 || part.first != UInt8(ascii: "0"))
                    && HTTPSyntax.decimal(part).map { $0 <= 255 } ?? false
            }
    }

    /// Eight groups of up to four hexadecimal digits; `::` once for at least one group of zeros; the last two groups may
    /// be an IPv4 address (RFC 4291 section 2.2).
    static func isIPv6(_ text: ArraySlice<UInt8>) -> Bool {
        var groups = 0
        var hasGap = false
        var rest = text
        if rest.starts(with: "::".utf8) {
            hasGap = true
            rest = rest.dropFirst(2)
            if rest.isEmpty { return true }
        }
        while true {
            let part = rest.prefix { $0 != UInt8(ascii: ":") }
            rest = rest.dropFirst(part.count)
            if rest.isEmpty, part.contains(UInt8(ascii: ".")) {
                guard isIPv4(part) else { return false }
                groups += 2
                break
            }
            guard (1...4).contains(part.count), part.allSatisfy({ HTTPSyntax.hexadecimalValue($0) != nil }) else {
                return false
            }
            groups += 1
            if rest.isEmpty || groups > 8 { break }
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: ":") {
                guard !hasGap else { return false }
                hasGap = true
                rest = rest.dropFirst()
                if rest.isEmpty { break }
            }
        }
        return hasGap ? groups < 8 : groups == 8
    }

    /// The 16 bytes of an IPv6 address that `isIPv6` accepts.
    static func bytes(ofIPv6 text: ArraySlice<UInt8>) -> [UInt8] {
        var sides: [[UInt8]] = [[], []]
        var side = 0
        var rest = text
        while !rest.isEmpty {
            if rest.starts(with: "::".utf8) {
                side = 1
                rest = rest.dropFirst(2)
                continue
            }
            if rest.first == UInt8(ascii: ":") { rest = rest.dropFirst() }
            let part = rest.prefix { $0 != UInt8(ascii: ":") }
            rest = rest.dropFirst(part.count)
            if part.contains(UInt8(ascii: ".")) {
                let numbers = part.split(separator: UInt8(ascii: ".")).map { HTTPSyntax.decimal($0) ?? 0 }
                sides[side] += numbers.map { UInt8(truncatingIfNeeded: $0) }
            } else {
                let group = part.reduce(UInt16(0)) { $0 << 4 | UInt16(HTTPSyntax.hexadecimalValue($1) ?? 0) }
                sides[side] += [UInt8(group >> 8), UInt8(group & 0xFF)]
            }
        }
        let zeros = max(0, 16 - sides[0].count - sides[1].count)
        return sides[0] + [UInt8](repeating: 0, count: zeros) + sides[1]
    }
}
