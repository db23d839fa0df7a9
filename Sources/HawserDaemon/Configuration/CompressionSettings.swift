import WebSocketProtocol

/// The section `compression`: whether permessage-deflate (RFC 7692) is offered, and what it may cost.
///
/// What is off keeps its numbers, so that whoever switches it on again inherits them.
public struct CompressionSettings: Sendable, Hashable {
    /// Whether it is offered.
    public var isEnabled = ConfigurationDefaults.compressionIsEnabled
    /// A message with fewer payload bytes is sent as it is.
    public var threshold = ConfigurationDefaults.compression.threshold
    /// The most bytes that one connection may hold for compressing and inflating together.
    public var memory = ConfigurationDefaults.compression.memory

    /// The defaults.
    public init() {}

    /// What a session is told; nil if nothing is offered.
    public var policy: CompressionPolicy? {
        guard isEnabled else { return nil }
        var policy = ConfigurationDefaults.compression
        policy.threshold = threshold
        policy.memory = memory
        return policy
    }
}
