import ConnectionLifecycle
import HawserWebSocket
import Transport
import WebSocketProtocol

/// One subscription of the configuration, ready to be held. An object, because it is large and two hold it.
final class SubscriptionPlan: Sendable {
    /// What one dial needs, every reference read anew.
    struct Dial: Sendable {
        var url: WebSocketURL
        var configuration: WebSocketConfiguration
        var subscribe: [Secret]
        /// For what the server says.
        var redaction: Redaction
        /// Which values of requests went into it.
        var generations: CredentialStore.Generations
    }

    let configuration: SubscriptionConfiguration
    /// Whom the limits on connections and dials count it for.
    let site: DialSite
    /// The context for `wss`; nil for `ws` and Unix sockets.
    let tls: TLSContext?
    private let isSecure: Bool
    private let limits: MessageLimits

    var name: String { configuration.name }
    var settings: SessionSettings { configuration.settings }
    /// Whether nobody checks whom it is connected to.
    var isUnverified: Bool { tls != nil && !settings.tls.verify }
    /// Whether `dial` reads files, and so must not be called on an event loop.
    let dialReadsFiles: Bool
    /// Every reference of the URL, the proxy, the headers, the subprotocols and the messages.
    private let references: [SecretReference]
    /// Those of them whose value a request yields.
    let requestReferences: [SecretReference]

    /// - Parameter target: the references' values of now, for what must be known before the first dial.
    init(
        configuration: SubscriptionConfiguration,
        target: DialTarget,
        tls: TLSContext?,
        limits: MessageLimits
    ) {
        self.configuration = configuration
        isSecure = target.url.isSecure
        self.tls = isSecure ? tls : nil
        self.limits = limits
        site = DialSite(host: target.url.unixPath ?? target.url.host, origin: target.url.origin)
        let proxy = configuration.settings.proxy.map { [$0] } ?? []
        let templates =
            [configuration.url] + proxy + configuration.headers.map(\.value) + configuration.subprotocols
            + configuration.subscribe
        references = templates.flatMap(\.references)
        requestReferences = references.filter { $0.source == .request }
        dialReadsFiles = references.contains { $0.source.isFile }
    }

    /// Reads every reference anew, so that a rotated token is used by the next dial.
    ///
    /// - Parameter answers: what its references to requests yield.
    func dial(
        using sources: SecretSources,
        _ answers: CredentialStore.Answers
    ) throws(DialTargetError) -> Dial {
        let sources = sources.with(.values(answers.values))
        let target = try configuration.dialTarget(using: sources)
        guard target.url.isSecure == isSecure else { throw .schemeChanged }
        var session = WebSocketConfiguration()
        session.fields = target.headers.map { ($0.name, $0.value.revealed) }
        session.subprotocols = target.subprotocols
        session.timeouts = settings.timeouts
        session.keepAlive = settings.ping
        session.sendRates = settings.sendRates
        session.countsPings = settings.countsPings
        session.limits = limits
        session.tls = settings.tls
        session.proxy = target.proxy
        session.compression = settings.compression.policy
        // Whatever is configured to be sent first has room.
        session.sendQueue += target.subscribe.reduce(0) { $0 + $1.revealed.utf8.count }
        let redaction = Redaction(target, references: references.compactMap { try? sources.value(of: $0) })
        return Dial(
            url: target.url,
            configuration: session,
            subscribe: target.subscribe,
            redaction: redaction,
            generations: answers.generations
        )
    }
}
