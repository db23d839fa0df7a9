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
    }

    /// Where to look.
    public let source: Source
    /// The variable's name, the file's absolute path, or the credential's name.
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
        if name.isEmpty { return "write ${\(source.rawValue):\(source == .file ? "/PATH" : "NAME")}" }
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
        }
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || isDigit(scalar) || scalar == "_"
    }
}
