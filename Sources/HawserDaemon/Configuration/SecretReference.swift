/// A `${source:name}` in a text: where a value comes from when it is needed. The reference itself is no secret.
public struct SecretReference: Sendable, Hashable, CustomStringConvertible {
    /// Where to look.
    public enum Source: String, Sendable, Hashable, CaseIterable {
        /// An environment variable of the process.
        case env
        /// The content of a file, read anew each time.
        case file
        /// A file of systemd's credentials directory, `$CREDENTIALS_DIRECTORY`, read anew each time.
        case credential
        /// A place in the answer to a call of a request, `NAME:/json/pointer`; the answer is kept while it is good.
        case request
    }

    /// Where to look.
    public let source: Source
    /// The variable's name, the file's absolute path, the credential's name, or the request's with a JSON pointer.
    public let name: String

    /// A reference to `name` in `source`.
    public init(source: Source, name: String) {
        self.source = source
        self.name = name
    }

    /// The reference as it is written: `${env:NAME}`.
    public var description: String { "${\(source.rawValue):\(name)}" }

    /// Why `name` cannot be one of this source; nil if it can.
    static func fault(of name: String, in source: Source) -> String? {
        if name.isEmpty { return "write ${\(source.rawValue):\(source.example)}" }
        let scalars = name.unicodeScalars
        switch source {
        case .env:
            let isName = scalars.allSatisfy { isWord($0) } && !(scalars.first.map(isDigit) ?? true)
            return isName ? nil : "an environment variable's name has letters, digits and _ only"
        case .file:
            return name.hasPrefix("/") ? nil : "write an absolute path: ${file:/…}"
        case .credential:
            let isName = scalars.allSatisfy { isWord($0) || $0 == "-" || $0 == "." } && name != "." && name != ".."
            return isName ? nil : "a credential's name has letters, digits, _, - and . only"
        case .request:
            let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty else { return "write ${request:NAME:/pointer}" }
            guard JSONPointer(String(parts[1])) == nil else { return nil }
            return "a JSON pointer (RFC 6901) is empty or begins with /; ~ is written ~0, / in a name ~1"
        }
    }

    /// For a reference to a request: its name and the place in its answer.
    var request: (name: String, pointer: JSONPointer)? {
        guard source == .request, let colon = name.firstIndex(of: ":"),
            let pointer = JSONPointer(String(name[name.index(after: colon)...]))
        else { return nil }
        return (String(name[..<colon]), pointer)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || isDigit(scalar) || scalar == "_"
    }
}

extension SecretReference.Source {
    /// What stands behind the colon.
    var example: String {
        switch self {
        case .env, .credential: "NAME"
        case .file: "/PATH"
        case .request: "NAME:/pointer"
        }
    }

    /// Whether its value is read from a file.
    var isFile: Bool { self == .file || self == .credential }
}
