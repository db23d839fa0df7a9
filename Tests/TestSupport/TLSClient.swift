import CLibwebsockets
import Glibc

/// A TLS client of blocking steps on OpenSSL, for testing servers. Confined to one thread.
public final class TLSClient {
    /// The connection, once ``init(port:trusting:name:protocols:)`` has returned.
    public let peer: TLSPeer
    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let descriptor: Int32

    /// Connects to `port` of 127.0.0.1 and completes the handshake.
    ///
    /// - Parameters:
    ///   - authority: the PEM text to trust, and nothing else; nil trusts nobody.
    ///   - name: the host name or IP address that the certificate has to be for.
    ///   - protocols: offered by ALPN.
    /// - Throws: `TLSPeerError` with the reason if the server's certificate does not pass.
    public init(port: UInt16, trusting authority: String?, name: String, protocols: [String] = []) throws {
        let descriptor = try ListenerAddress.ipv4(port: port).connect()
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        self.descriptor = descriptor
        guard let context = SSL_CTX_new(TLS_client_method()), let ssl = SSL_new(context) else {
            close(descriptor)
            throw CertificateError("SSL_new")
        }
        self.context = context
        self.ssl = ssl
        peer = TLSPeer(ssl, descriptor, try StopSignal())
        if let authority {
            let trusted = try CertificateAuthority.parseCertificate(authority)
            defer { X509_free(trusted) }
            X509_STORE_add_cert(SSL_CTX_get_cert_store(context), trusted)
        }
        SSL_set_verify(ssl, SSL_VERIFY_PEER, nil)
        if X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) != 1 {
            SSL_set1_host(ssl, name)
            hawser_ssl_set_server_name(ssl, name)
        }
        let offer = protocols.flatMap { [UInt8(truncatingIfNeeded: $0.utf8.count)] + $0.utf8 }
        if !offer.isEmpty { SSL_set_alpn_protos(ssl, offer, UInt32(offer.count)) }
        SSL_set_fd(ssl, descriptor)
        try peer.connect()
    }

    /// What ALPN has agreed on; empty if nothing.
    public var agreedProtocol: String {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// Sends a GET and reads the head and the content of its answer, whose length must be told.
    public func get(_ target: String) throws -> (head: MessageHead, content: [UInt8]) {
        try peer.write(Array("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
        var bytes: [UInt8] = []
        while bytes.suffix(4) != [13, 10, 13, 10] { bytes += try peer.read(exactly: 1) }
        let head = MessageHead(bytes)
        guard let count = Int(head["Content-Length"] ?? "") else { throw StreamError.unexpected("no length: \(head)") }
        return (head, try peer.read(exactly: count))
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
        close(descriptor)
    }
}
