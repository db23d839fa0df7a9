import CLibwebsockets
import Glibc

/// How a step of a TLS test server ended instead of succeeding.
public enum TLSPeerError: Error, Hashable, Sendable {
    /// The client has closed its side.
    case endedByPeer
    /// OpenSSL or the system refused, with its reason.
    case failed(String)
    /// Nothing happened for a long time.
    case timedOut
    /// The server is being stopped.
    case stopped
}

/// One side, mostly the server's, of a TLS connection, with blocking steps. Confined to its thread.
public final class TLSPeer {
    private let ssl: OpaquePointer
    private let descriptor: Int32
    private let stop: StopSignal

    init(_ ssl: OpaquePointer, _ descriptor: Int32, _ stop: StopSignal) {
        self.ssl = ssl
        self.descriptor = descriptor
        self.stop = stop
    }

    /// The host that the client named (RFC 6066 section 3); `nil` if none.
    public var serverName: String? {
        SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { String(cString: $0) }
    }

    /// Whether the client resumed an earlier session.
    public var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    func connect() throws(TLSPeerError) {
        try complete { SSL_connect(ssl) }
    }

    func accept() throws(TLSPeerError) {
        try complete { SSL_accept(ssl) }
    }

    /// Some bytes, at most `limit`.
    public func read(atMost limit: Int = 65536) throws(TLSPeerError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = try complete { SSL_read(ssl, &bytes, Int32(limit)) }
        return Array(bytes[..<Int(count)])
    }

    /// Exactly `count` bytes.
    public func read(exactly count: Int) throws(TLSPeerError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += try read(atMost: count - bytes.count) }
        return bytes
    }

    /// Sends all of `bytes`, in records of at most 16 KiB.
    public func write(_ bytes: [UInt8]) throws(TLSPeerError) {
        var sent = 0
        while sent < bytes.count {
            let rest = Array(bytes[sent..<min(sent + 16384, bytes.count)])
            sent += Int(try complete { SSL_write(ssl, rest, Int32(rest.count)) })
        }
    }

    /// Reads until the client closes, and returns what it sent.
    public func readToEnd() throws(TLSPeerError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            do throws(TLSPeerError) { bytes += try read() } catch {
                if error == .endedByPeer { return bytes }
                throw error
            }
        }
    }

    /// Asks the client for a new handshake, up to TLS 1.2; the reads behind it go through that.
    public func requestRenegotiation() throws(TLSPeerError) {
        SSL_renegotiate(ssl)
        try complete { SSL_do_handshake(ssl) }
    }

    /// Waits until the server is stopped.
    public func holdUntilStopped() throws(TLSPeerError) {
        while !stop.wait(atMost: .seconds(60)) {}
        throw .stopped
    }

    func closeNotify() {
        ERR_clear_error()
        SSL_shutdown(ssl)
    }

    @discardableResult
    private func complete(_ step: () -> Int32) throws(TLSPeerError) -> Int32 {
        while true {
            ERR_clear_error()
            let status = step()
            let code = errno
            if status > 0 { return status }
            switch SSL_get_error(ssl, status) {
            case SSL_ERROR_WANT_READ: try wait(for: POLLIN)
            case SSL_ERROR_WANT_WRITE: try wait(for: POLLOUT)
            case SSL_ERROR_ZERO_RETURN: throw .endedByPeer
            case SSL_ERROR_SYSCALL: throw code == 0 ? .endedByPeer : .failed(String(cString: strerror(code)))
            default:
                let reason = ERR_reason_error_string(ERR_peek_error()).map { String(cString: $0) }
                throw .failed(reason ?? "unknown reason")
            }
        }
    }

    private func wait(for events: Int32) throws(TLSPeerError) {
        var watched = [
            pollfd(fd: descriptor, events: Int16(events), revents: 0),
            pollfd(fd: stop.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let ready = poll(&watched, 2, 30_000)
            if ready == 0 { throw .timedOut }
            if ready < 0 { continue }
            if watched[1].revents != 0 { throw .stopped }
            return
        }
    }
}
