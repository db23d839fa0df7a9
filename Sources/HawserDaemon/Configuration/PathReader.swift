/// Reads a file's path.
struct PathReader {
    let value: ConfigurationValue

    /// The path; nil if it is none, which is then recorded.
    func read(expected: String = "a path") -> String? {
        guard let text = value.text(expected: expected) else { return nil }
        let path = text.value
        if path.isEmpty {
            value.report(problem: "the path is empty", seen: text.shown, remedy: "name a file")
            return nil
        }
        if let offset = HeaderSyntax.firstControl(in: path) {
            value.report(
                at: text.position(at: offset),
                problem: "the path has a control character in it",
                remedy: "remove it"
            )
            return nil
        }
        if path.hasPrefix("~") {
            value.report(
                problem: "\(text.shown) begins with ~, which only a shell understands",
                seen: text.shown,
                remedy: "write ${env:HOME}\(text.template.isConstant && path.hasPrefix("~/") ? path.dropFirst() : "/…")"
            )
            return nil
        }
        guard path.utf8.count <= ConfigurationBounds.pathLength else {
            value.report(
                problem: "the path is \(path.utf8.count) bytes long",
                allowed: "at most \(ConfigurationBounds.pathLength)"
            )
            return nil
        }
        return path
    }

    /// `path` without what does not change which file it names; links are not followed.
    static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
