/// A text that must never be seen in a log, a dump, an error or a document.
///
/// Whatever prints, reflects, encodes or interpolates it gets `[redacted]`; only `revealed` tells it, and whoever
/// writes that word answers for where it goes.
public struct Secret: Sendable, Hashable {
    /// What stands in its place wherever it is printed.
    public static let placeholder = "[redacted]"

    /// The text itself: for the wire, and nothing else.
    public let revealed: String

    /// Makes a secret of a text.
    public init(_ text: String) {
        revealed = text
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable, Encodable {
    /// `[redacted]`.
    public var description: String { Self.placeholder }

    /// `[redacted]`.
    public var debugDescription: String { Self.placeholder }

    /// A mirror without children, so that `dump` and debuggers' summaries show nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Encodes `[redacted]`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Self.placeholder)
    }
}
