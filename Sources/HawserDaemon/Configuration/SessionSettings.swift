import ConnectionLifecycle
import Transport

/// The settings under `defaults` that each subscription may override key by key.
public struct SessionSettings: Sendable, Hashable {
    /// The deadline of each stage, with `pause_max`.
    public var timeouts = ConfigurationDefaults.timeouts
    /// Whether and how often to ping.
    public var ping = KeepAlive.Policy.ping(
        every: ConfigurationDefaults.pingEvery,
        timeout: ConfigurationDefaults.pingTimeout
    )
    /// Whether pings count as messages for `sendRates` and `limits.sends`.
    public var countsPings = false
    /// The most messages that a connection sends in any window; empty: no limit.
    public var sendRates: [Rate] = []
    /// The delays between attempts.
    public var reconnect = ConfigurationDefaults.reconnect
    /// What follows after each end.
    public var dispositions = DispositionTable.standard
    /// Certificates, verification and versions, for `wss`.
    public var tls = ConfigurationDefaults.tls
    /// The proxy that is gone through, references unresolved; nil: none.
    public var proxy: SecretTemplate?
    /// Whether messages may be compressed, and at what cost.
    public var compression = CompressionSettings()
    /// What happens when a sink is full.
    public var overflow = ConfigurationDefaults.overflow
    /// What a text message is taken for.
    public var decode = ConfigurationDefaults.decode

    /// The defaults.
    public init() {}
}

/// What happens to a subscription whose sink is full.
public enum OverflowPolicy: String, Sendable, Hashable, CaseIterable {
    /// Reading stops until there is room; nothing is lost while the session lives.
    case pause
}

/// What a text message is taken for.
public enum PayloadDecoding: String, Sendable, Hashable, CaseIterable {
    /// Text: a JSON string in the record.
    case text
    /// JSON: a value in the record, if it is valid; else text.
    case json
}
