import NameResolution
import WebSocketProtocol

@_exported import class NameResolution.NameResolver

/// What a client does for each of its requests.
public struct HTTPConfiguration: Sendable {
    /// Which version is spoken.
    public enum Version: Sendable, Hashable {
        /// HTTP/2 where TLS agrees on it (ALPN), else HTTP/1.1.
        case automatic
        /// HTTP/1.1.
        case http1
        /// HTTP/2 also without TLS, at once ("prior knowledge").
        case http2PriorKnowledge
    }

    /// How long each stage may take.
    public var timeouts = HTTPTimeouts()
    /// How many connections there may be.
    public var pool = HTTPPoolLimits()
    /// When to try again; never by default.
    public var retry = RetryPolicy.never
    /// Whether redirects are followed; up to 20 by default.
    public var redirects = RedirectPolicy.follow(limit: 20)
    /// Fields of every request.
    public var headers: HTTPFields = ["User-Agent": "hawser"]
    /// Who asks, for requests that do not say.
    public var authorization: HTTPAuthorization?
    /// The way to the servers.
    public var proxy = HTTPProxy.direct
    /// Whether cookies are kept and sent back (RFC 6265), as a session of requests or httpx does.
    public var cookies = true
    /// What is insisted on under TLS.
    public var tls = HTTPTLSOptions()
    /// Which version is spoken.
    public var version = Version.automatic
    /// Whether compressed content is asked for, and decompressed: gzip, br, zstd.
    public var decompresses = true
    /// The most content of an answer that is kept whole, in bytes after decompression. Streams have no such limit.
    public var responseLimit = 64 << 20
    /// The most bytes that the fields of an answer may have.
    public var headLimit = 64 << 10
    /// What names are looked up with, and how long the answers are good; nil for one of the client's own.
    public var resolver: NameResolver?
    /// Hears of every request.
    public var observer: (any HTTPObserver)?

    /// The defaults.
    public init() {}
}
