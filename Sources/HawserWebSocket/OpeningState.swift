import MonotonicTime
import NameResolution
import Transport
import WebSocketProtocol

/// What a connection needs until it is open, and gives back then: thousands of sessions are open, few are being opened.
/// Confined to the loop.
final class OpeningState {
    let url: WebSocketURL
    let configuration: WebSocketConfiguration
    let tls: TLSContext?
    let resolver: NameResolver
    /// When the stage began that the dial is in.
    var stageStarted = Instant.origin
    /// The answer to the opening handshake, while it is being read.
    var response: OpeningResponse?
    /// For an answer other than 101: the beginning of its content.
    var rejectionContent: [UInt8] = []

    init(
        url: WebSocketURL,
        configuration: WebSocketConfiguration,
        tls: TLSContext?,
        resolver: NameResolver
    ) {
        self.url = url
        self.configuration = configuration
        self.tls = url.isSecure ? tls : nil
        self.resolver = resolver
    }

    /// The time since the last stage began; the next one begins now.
    func lap(now: Instant) -> Duration {
        defer { stageStarted = now }
        return stageStarted.duration(to: now)
    }
}
