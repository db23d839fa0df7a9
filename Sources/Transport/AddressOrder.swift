import NameResolution

/// The order in which addresses are tried (RFC 8305 section 4).
enum AddressOrder {
    /// IPv6 first, then the families in turn; within a family as the resolver gave them.
    static func interleaved(_ addresses: [SocketAddress]) -> [SocketAddress] {
        var first = addresses.filter { $0.family == .ipv6 }[...]
        var second = addresses.filter { $0.family != .ipv6 }[...]
        var ordered: [SocketAddress] = []
        ordered.reserveCapacity(addresses.count)
        while !first.isEmpty || !second.isEmpty {
            if let address = first.popFirst() { ordered.append(address) }
            if let address = second.popFirst() { ordered.append(address) }
        }
        return ordered
    }
}
