/// A name, or names with `*` for any text and `?` for any character.
public struct NamePattern: Sendable, Hashable {
    /// As it was written.
    public let text: String
    /// Whether it may stand for several names.
    public let isPattern: Bool

    private let scalars: [Unicode.Scalar]

    /// The pattern that `text` says; every text is one.
    public init(_ text: String) {
        self.text = text
        isPattern = text.contains { $0 == "*" || $0 == "?" }
        scalars = Array(text.unicodeScalars)
    }

    /// Whether it stands for `name`. Takes time in the product of the lengths at worst, whatever the pattern.
    public func matches(_ name: String) -> Bool {
        guard isPattern else { return name == text }
        let name = Array(name.unicodeScalars)
        var place = 0
        var index = 0
        // Where the last star was, and how much of the name it has taken so far.
        var star: (place: Int, taken: Int)?
        while index < name.count {
            if place < scalars.count, scalars[place] == "*" {
                star = (place, index)
                place += 1
            } else if place < scalars.count, scalars[place] == "?" || scalars[place] == name[index] {
                place += 1
                index += 1
            } else if let last = star {
                star = (last.place, last.taken + 1)
                place = last.place + 1
                index = last.taken + 1
            } else {
                return false
            }
        }
        return scalars[place...].allSatisfy { $0 == "*" }
    }
}
