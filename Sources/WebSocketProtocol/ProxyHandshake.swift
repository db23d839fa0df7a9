/// Our half of asking a proxy for a tunnel to one target, and the reading of what it answers: HTTP CONNECT or SOCKS5.
///
/// Send what `begin()` gives, then offer each byte of the answer once. What is reported depends on the bytes alone, not
/// on how they were cut. The answer is bounded: 16 KiB of HTTP heads, the interim ones included, or 262 bytes of SOCKS.
public struct ProxyHandshake: Sendable {
    /// How far the handshake has come.
    public enum Progress: Hashable, Sendable {
        /// All bytes were taken, and more are needed.
        case needMore
        /// Send this. `consumed` of the bytes just offered are taken; offer the others again.
        case send([UInt8], consumed: Int)
        /// The tunnel stands. `consumed` of the bytes just offered belong to the answer; the others come out of the
        /// tunnel.
        case established(consumed: Int)
    }

    private enum State: Sendable {
        case http(request: [UInt8], HTTPHeadReader)
        case socks(SOCKSHandshake)
        case over
    }

    private var state: State

    /// A handshake that has not begun.
    ///
    /// - Parameters:
    ///   - proxy: who is asked.
    ///   - host: the target's name or address, without brackets; the proxy looks it up.
    ///   - port: the target's port.
    public init(through proxy: ProxyURL, toHost host: String, port: UInt16) {
        // A zone has no meaning on another machine (RFC 6874 section 1).
        let target = String(Substring(host.utf8.prefix { $0 != UInt8(ascii: "%") }))
        switch proxy.scheme {
        case .http: state = .http(request: Self.connectRequest(proxy, target, port), HTTPHeadReader())
        case .socks5: state = .socks(SOCKSHandshake(userinfo: proxy.userinfo, host: target, port: port))
        }
    }

    /// The bytes that begin the handshake.
    public func begin() -> [UInt8] {
        switch state {
        case .http(let request, _): request
        case .socks(let handshake): handshake.greeting
        case .over: []
        }
    }

    /// Reads on in the answer. After the tunnel stands, or a failure, nothing is looked at any more.
    ///
    /// - Throws: why there is no tunnel.
    public mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(ProxyFailure) -> Progress {
        let current = state
        state = .over
        switch current {
        case .http(let request, let reader): return try receiveHead(request, reader, bytes)
        case .socks(let handshake): return try receiveSOCKS(handshake, bytes)
        case .over: return .needMore
        }
    }

    private mutating func receiveHead(
        _ request: [UInt8],
        _ partial: consuming HTTPHeadReader,
        _ bytes: UnsafeRawBufferPointer
    ) throws(ProxyFailure) -> Progress {
        var reader = partial
        for (index, byte) in bytes.enumerated() {
            do {
                guard try reader.take(byte), let head = reader.head else { continue }
                guard (200...299).contains(head.status) else {
                    throw ProxyFailure.refused(
                        status: head.status,
                        reasonPhrase: Excerpt.of(head.reasonPhrase.utf8)
                    )
                }
                // Content-Length and Transfer-Encoding have no meaning here (RFC 9110 section 9.3.6).
                return .established(consumed: index + 1)
            } catch let violation as HandshakeViolation {
                throw .malformed("\(violation)")
            } catch let failure as ProxyFailure {
                throw failure
            } catch {
                throw .malformed("\(error)")
            }
        }
        state = .http(request: request, reader)
        return .needMore
    }

    private mutating func receiveSOCKS(
        _ partial: consuming SOCKSHandshake,
        _ bytes: UnsafeRawBufferPointer
    ) throws(ProxyFailure) -> Progress {
        var handshake = partial
        for (index, byte) in bytes.enumerated() {
            switch try handshake.take(byte) {
            case .needMore: continue
            case .send(let reply):
                state = .socks(handshake)
                return .send(reply, consumed: index + 1)
            case .established: return .established(consumed: index + 1)
            }
        }
        state = .socks(handshake)
        return .needMore
    }

    private static func connectRequest(_ proxy: ProxyURL, _ host: String, _ port: UInt16) -> [UInt8] {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        var lines = ["CONNECT \(name):\(port) HTTP/1.1", "Host: \(name):\(port)"]
        if let credentials = proxy.userinfo?.basicCredentials {
            lines.append("Proxy-Authorization: Basic \(credentials)")
        }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}
