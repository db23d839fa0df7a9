/// Whether a message is text or binary (RFC 6455 section 5.6). The raw value is the opcode of its first frame.
public enum MessageKind: UInt8, Sendable, Hashable, CaseIterable {
    /// Valid UTF-8, checked before it is handed over.
    case text = 1
    /// Any bytes.
    case binary = 2
}
