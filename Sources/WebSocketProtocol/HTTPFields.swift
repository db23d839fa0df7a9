/// The field lines of an HTTP message, in the order of the wire (RFC 9110 section 5). Names match without regard to case.
public struct HTTPFields: Sendable, Hashable {
    /// One field line.
    public struct Line: Sendable, Hashable {
        /// The name as it was written.
        public var name: String
        /// The value without the blanks around it; bytes that are not UTF-8 are replaced by U+FFFD.
        public var value: String

        /// A line; neither part is checked.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// All lines, repeated names included.
    public private(set) var lines: [Line]

    /// Fields of the given lines.
    public init(_ lines: [Line] = []) {
        self.lines = lines
    }

    /// The values of every line called `name`.
    public func values(_ name: String) -> [String] {
        lines.filter { HTTPSyntax.areEqualIgnoringCase($0.name, name) }.map(\.value)
    }

    /// The value of the first line called `name`.
    public subscript(name: String) -> String? {
        lines.first { HTTPSyntax.areEqualIgnoringCase($0.name, name) }?.value
    }

    /// The members of the comma-separated lists in every line called `name`, without blanks and empty members
    /// (RFC 9110 section 5.6.1). Quoted strings are not understood: for lists of tokens only.
    public func listMembers(_ name: String) -> [String] {
        values(name).flatMap { value in
            Array(value.utf8).split(separator: UInt8(ascii: ","))
                .map { String(decoding: HTTPSyntax.trimmed($0), as: UTF8.self) }
                .filter { !$0.isEmpty }
        }
    }

    /// Adds a line behind the others.
    public mutating func append(_ line: Line) {
        lines.append(line)
    }
}
