import Testing

/// A configuration with exactly one error, and what must be said about it.
struct WrongConfiguration: Sendable, CustomTestStringConvertible {
    /// The text; `▸` stands where the error must be placed, and is not part of it.
    let text: String
    let keyPath: String
    let problem: String
    let allowed: String?
    let remedy: String?

    init(_ text: String, _ keyPath: String, _ problem: String, allowed: String? = nil, remedy: String? = nil) {
        self.text = text
        self.keyPath = keyPath
        self.problem = problem
        self.allowed = allowed
        self.remedy = remedy
    }

    var testDescription: String { "\(keyPath): \(problem)" }

    /// The text without the mark.
    var source: String { text.replacing("▸", with: "") }

    /// The place of the mark: line and column from 1.
    var place: (line: Int, column: Int) {
        let before = text.prefix { $0 != "▸" }
        let lines = before.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.count, (lines.last?.unicodeScalars.count ?? 0) + 1)
    }

    /// Every case.
    static let all =
        syntax + shapes + limits + dials + settings + compression + proxies + subscriptions + urls + references + sinks
        + requests + sends + dispositions + credentials + later
}
