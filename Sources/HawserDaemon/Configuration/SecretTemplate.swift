/// A text of the configuration that may contain references; evaluated anew on each load and before each dial.
///
/// `${env:NAME}`, `${file:/PATH}` and `${credential:NAME}` are references, `$$` is a dollar sign, and a dollar sign
/// before anything but `{` and `$` is itself. It prints as `[redacted]`: its literal parts may be secret too.
public struct SecretTemplate: Sendable, Hashable {
    /// The most references in one text.
    public static let maximumReferences = 16

    private enum Content: Sendable, Hashable {
        case literal(String)
        case reference(SecretReference)
    }

    private struct Piece: Sendable, Hashable {
        let content: Content
        /// Where it begins in the template, in Unicode scalars.
        let offset: Int
    }

    private let pieces: [Piece]
    /// The references, in the order in which they stand.
    public let references: [SecretReference]

    /// A text without references: every character stands for itself.
    public init(literal text: String) {
        pieces = text.isEmpty ? [] : [Piece(content: .literal(text), offset: 0)]
        references = []
    }

    /// Parses a text with references.
    ///
    /// - Throws: the first fault with its place.
    public init(parsing source: String) throws(SecretTemplateError) {
        var parser = Parser(scalars: Array(source.unicodeScalars))
        try parser.run()
        pieces = parser.pieces
        references = pieces.compactMap { if case .reference(let reference) = $0.content { reference } else { nil } }
    }

    /// The references to requests, each with where it begins in the template, in Unicode scalars.
    var requestReferences: [(reference: SecretReference, offset: Int)] {
        pieces.compactMap { piece in
            guard case .reference(let reference) = piece.content, reference.source == .request else { return nil }
            return (reference, piece.offset)
        }
    }

    /// Whether it is the same whatever the environment.
    public var isConstant: Bool { references.isEmpty }

    /// The text with every reference replaced by its present value.
    ///
    /// - Throws: the first reference that yields nothing.
    public func resolve(using sources: SecretSources) throws(SecretResolutionError) -> Secret {
        Secret(try resolution(using: sources).text)
    }

    /// The text with its literal parts only, references as they are written; for what is not secret, such as a path.
    var unresolved: String {
        pieces.map { piece in
            switch piece.content {
            case .literal(let text): text
            case .reference(let reference): reference.description
            }
        }.joined()
    }

    /// A resolved text that knows where its parts came from.
    struct Resolution {
        fileprivate(set) var text = ""
        fileprivate var parts: [(start: Int, offset: Int, isReference: Bool)] = []
        fileprivate var count = 0

        /// Where the scalar at `offset` of the text stands in the template; for what a reference yielded, where the
        /// reference begins.
        func templateOffset(of offset: Int) -> Int {
            guard let part = parts.last(where: { $0.start <= offset }) else { return 0 }
            return part.isReference ? part.offset : part.offset + (offset - part.start)
        }

        /// Whether the scalar at `offset` came from a reference.
        func isReferenced(_ offset: Int) -> Bool {
            parts.last { $0.start <= offset }?.isReference ?? false
        }
    }

    func resolution(using sources: SecretSources) throws(SecretResolutionError) -> Resolution {
        var resolution = Resolution()
        for piece in pieces {
            let value: String
            var isReference = false
            switch piece.content {
            case .literal(let text):
                value = text
            case .reference(let reference):
                isReference = true
                do {
                    value = try sources.value(of: reference)
                } catch {
                    var error = error
                    error.offset = piece.offset
                    throw error
                }
            }
            resolution.parts.append((resolution.count, piece.offset, isReference))
            resolution.count += value.unicodeScalars.count
            resolution.text.unicodeScalars.append(contentsOf: value.unicodeScalars)
        }
        return resolution
    }

    private struct Parser {
        let scalars: [Unicode.Scalar]
        var pieces: [Piece] = []
        private var literal = String.UnicodeScalarView()
        private var literalOffset = 0
        private var references = 0

        init(scalars: [Unicode.Scalar]) {
            self.scalars = scalars
        }

        mutating func run() throws(SecretTemplateError) {
            var index = 0
            while index < scalars.count {
                let next = index + 1 < scalars.count ? scalars[index + 1] : " "
                switch (scalars[index], next) {
                case ("$", "$"):
                    literal.append("$")
                    index += 2
                    // A new piece, so that offsets within a piece stay aligned with the template's.
                    flush(next: index)
                case ("$", "{"):
                    flush(next: index)
                    index = try reference(at: index)
                    literalOffset = index
                default:
                    literal.append(scalars[index])
                    index += 1
                }
            }
            flush(next: index)
        }

        private mutating func flush(next: Int) {
            if !literal.isEmpty {
                pieces.append(Piece(content: .literal(String(literal)), offset: literalOffset))
                literal.removeAll()
            }
            literalOffset = next
        }

        private mutating func reference(at start: Int) throws(SecretTemplateError) -> Int {
            guard let end = scalars[start...].firstIndex(of: "}") else {
                throw SecretTemplateError(
                    offset: start,
                    problem: "\"${\" without \"}\"",
                    remedy: "close the reference, or write $$ for a dollar sign"
                )
            }
            let inner = scalars[(start + 2)..<end]
            let colon = inner.firstIndex(of: ":") ?? end
            let word = String(String.UnicodeScalarView(inner[..<colon]))
            guard colon < end, let source = SecretReference.Source(rawValue: word) else {
                throw .unknownSource(word, offset: start)
            }
            let name = String(String.UnicodeScalarView(inner[(colon + 1)...]))
            if let fault = SecretReference.fault(of: name, in: source) {
                throw SecretTemplateError(
                    offset: start,
                    problem: "\(SecretReference(source: source, name: name)) names nothing",
                    remedy: fault
                )
            }
            references += 1
            guard references <= SecretTemplate.maximumReferences else {
                throw SecretTemplateError(
                    offset: start,
                    problem: "more than \(SecretTemplate.maximumReferences) references in one text",
                    remedy: "put the whole text into one file and refer to that"
                )
            }
            pieces.append(
                Piece(content: .reference(SecretReference(source: source, name: name)), offset: start)
            )
            return end + 1
        }
    }
}

extension SecretTemplate: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable, Encodable {
    /// `[redacted]`.
    public var description: String { Secret.placeholder }

    /// `[redacted]`.
    public var debugDescription: String { Secret.placeholder }

    /// A mirror without children.
    public var customMirror: Mirror { Mirror(self, children: [:]) }

    /// Encodes `[redacted]`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(Secret.placeholder)
    }
}

/// A text whose references are not written as they must be.
public struct SecretTemplateError: Error, Sendable, Hashable {
    /// Where in the text, in Unicode scalars.
    public let offset: Int
    /// What is wrong.
    public let problem: String
    /// What to write instead.
    public let remedy: String

    static func unknownSource(_ word: String, offset: Int) -> SecretTemplateError {
        let guess = Spelling.closest(to: word, among: SecretReference.Source.allCases.map(\.rawValue))
        return SecretTemplateError(
            offset: offset,
            problem: "unknown reference" + (word.isEmpty ? "" : " to \"\(word)\""),
            remedy: (guess.map { "did you mean \"\($0)\"? " } ?? "")
                + "write ${env:NAME}, ${file:/PATH} or ${credential:NAME}, or $$ for a dollar sign"
        )
    }
}
