import Glibc

/// The C library's resolver: `/etc/hosts`, DNS and whatever else the system is configured for.
enum SystemLookup {
    // Extensions of glibc that its module hides: EAI_NODATA and EAI_ADDRFAMILY of <netdb.h>.
    private static let noAddress: Int32 = -5
    private static let noAddressOfFamily: Int32 = -9

    /// The addresses of `host` in the order of RFC 6724, with port 0. Blocks for as long as the name servers take.
    static func addresses(of host: String) -> Result<[SocketAddress], NameResolutionError> {
        // A C string would end there, and name another host.
        guard !host.utf8.contains(0) else { return .failure(failure(host, EAI_NONAME, 0)) }
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, nil, &hints, &list)
        let systemError = errno
        guard status == 0 else { return .failure(failure(host, status, systemError)) }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let current = entry {
            if let raw = current.pointee.ai_addr, let address = SocketAddress(raw, length: current.pointee.ai_addrlen),
                !addresses.contains(address)
            {
                addresses.append(address)
            }
            entry = current.pointee.ai_next
        }
        guard !addresses.isEmpty else { return .failure(failure(host, noAddress, 0)) }
        return .success(addresses)
    }

    private static func failure(_ host: String, _ status: Int32, _ systemError: Int32) -> NameResolutionError {
        let kind: NameResolutionError.Kind =
            switch status {
            case EAI_NONAME, noAddress, noAddressOfFamily: .notFound
            case EAI_AGAIN: .temporary
            default: .failed(code: status)
            }
        let words = status == EAI_SYSTEM ? strerror(systemError).map { String(cString: $0) } : nil
        return NameResolutionError(host: host, kind: kind, detail: words ?? String(cString: gai_strerror(status)))
    }
}
