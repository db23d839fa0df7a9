/// A JSON value as a tree, for what the daemon answers; the answer was found valid as a whole.
enum JSONTree: Sendable, Hashable {
    case object([String: JSONTree])
    case list([JSONTree])
    case text(String)
    case number(Int)
    case truth(Bool)
    /// Null, or a number with a fraction.
    case other(String)

    /// The value of `bytes`; nil if they are no JSON.
    init?(_ bytes: [UInt8]) {
        let tree = bytes.withUnsafeBytes { bytes in
            JSONText.form(of: bytes) == .invalid ? nil : JSONTree(trimmed: bytes)
        }
        guard let tree else { return nil }
        self = tree
    }

    /// The members of an object; nil for another value, and for what it lacks.
    subscript(_ name: String) -> JSONTree? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    var text: String? {
        if case .text(let text) = self { text } else { nil }
    }

    var number: Int? {
        if case .number(let number) = self { number } else { nil }
    }

    var truth: Bool? {
        if case .truth(let truth) = self { truth } else { nil }
    }

    /// The elements; none if it is no list.
    var elements: [JSONTree] {
        if case .list(let elements) = self { elements } else { [] }
    }

    /// A number as it is written, with a fraction or without.
    var decimal: Double? {
        switch self {
        case .number(let number): Double(number)
        case .other(let text): Double(text)
        case .object, .list, .text, .truth: nil
        }
    }

    private init(trimmed bytes: UnsafeRawBufferPointer) {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.startIndex
        let end = (bytes.lastIndex { !isSpace($0) } ?? start) + 1
        self.init(JSONPiece(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<max(end, start)])))
    }

    /// Nesting is bounded by the check of the whole text.
    private init(_ piece: JSONPiece) {
        switch piece.bytes.first {
        case UInt8(ascii: "{"):
            var members: [String: JSONTree] = [:]
            var pieces = JSONPieces(piece.bytes)
            _ = pieces.enter(UInt8(ascii: "{"))
            while let key = pieces.next(), let value = pieces.next() { members[key.string ?? ""] = JSONTree(value) }
            self = .object(members)
        case UInt8(ascii: "["):
            self = .list(piece.elements.map { JSONTree($0) })
        case UInt8(ascii: "\""):
            self = .text(piece.string ?? "")
        default:
            if let truth = piece.truth {
                self = .truth(truth)
            } else if let number = piece.integer.flatMap({ Int(exactly: $0) }) {
                self = .number(number)
            } else {
                self = .other(String(decoding: piece.bytes, as: UTF8.self))
            }
        }
    }
}
