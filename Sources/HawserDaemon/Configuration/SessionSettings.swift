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
    /// The delays between attempts.
    public var reconnect = ConfigurationDefaults.reconnect
    /// Certificates, verification and versions, for `wss`.
    public var tls = ConfigurationDefaults.tls
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
