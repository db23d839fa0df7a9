/// The answer of `hawser why` for a person. Pure.
struct WhyText {
    private let answer: JSONTree
    private let now: Int64

    /// - Parameters:
    ///   - answer: what the daemon said.
    ///   - now: in nanoseconds since 1970-01-01 UTC.
    init(_ answer: JSONTree, now: Int64) {
        self.answer = answer
        self.now = now
    }

    /// The lines, without newlines: a block for each subscription, the newest transition first.
    var lines: [String] {
        let blocks = (answer["subscriptions"]?.elements ?? []).map(block)
        return Array(blocks.joined(separator: [""]))
    }

    private func block(_ row: JSONTree) -> [String] {
        let name = row["subscription"]?.text?.printable ?? "-"
        let since = StatusText.moment(row["since"])
        let lasted = since.map {
            " for \(SpanText.length(.nanoseconds(max(now - $0, 0)))), since \(SpanText.moment($0))"
        }
        let stage = row["stage"]?.text.map { " (\($0.printable))" } ?? ""
        var lines = ["\(name): \(StatusText.word(row["phase"]?.text))\(stage)\(lasted ?? "")"]
        lines.append("  endpoint  \(row["endpoint"]?.text?.printable ?? "-")")
        if let because = row["because"] {
            lines.append("  because   \(because["text"]?.text?.printable ?? "-")")
            if let fault = because["fault"]?.text { lines.append("  fault     \(Self.fault(fault))") }
            if let advice = because["advice"]?.text { lines.append("  advice    \(advice.printable)") }
        }
        if let next = row["next"] { lines.append("  next      \(step(next, attempt: row["attempt"]?.number ?? 0))") }
        lines += (row["transitions"]?.elements ?? []).flatMap(transition)
        return lines
    }

    private func step(_ next: JSONTree, attempt: Int) -> String {
        let text = next["text"]?.text?.printable ?? "-"
        guard let at = StatusText.moment(next["at"]) else { return text }
        let left = SpanText.length(.nanoseconds(max(at - now, 0)))
        let failures = attempt > 0 ? ", after \(attempt) failure\(attempt == 1 ? "" : "s") in a row" : ""
        return "\(text), in \(left)\(failures)"
    }

    private func transition(_ tree: JSONTree) -> [String] {
        let at = StatusText.moment(tree["at"]).map { SpanText.moment($0) } ?? "-"
        let end = tree["end"]
        let fault = end?["fault"]?.text.map { " [\(Self.fault($0))]" } ?? ""
        let delay =
            end?["delay_ms"]?.number.map { "; dial again after \(SpanText.length(milliseconds: Int64($0)))" } ?? ""
        let indent = String(repeating: " ", count: at.count + 2)
        let timings = Self.timings(end ?? tree)
        return ["\(at)  \(tree["text"]?.text?.printable ?? "-")\(fault)\(delay)"]
            + (timings.isEmpty ? [] : [indent + timings])
    }

    /// `waited 12ms at the gate; dns 3ms, tcp 11ms, tls 24ms, upgrade 12ms`; what did not come is left out.
    private static func timings(_ tree: JSONTree) -> String {
        let waits = [("slot_ms", "for a connection"), ("gate_ms", "at the gate")].compactMap { key, place -> String? in
            guard let milliseconds = tree[key]?.number, milliseconds > 0 else { return nil }
            return "\(SpanText.length(milliseconds: Int64(milliseconds))) \(place)"
        }
        let stages = ["dns", "tcp", "tls", "upgrade"].compactMap { stage -> String? in
            guard let milliseconds = tree["\(stage)_ms"]?.decimal else { return nil }
            let text = milliseconds < 10 ? "\((milliseconds * 10).rounded() / 10)ms" : nil
            return "\(stage) " + (text ?? SpanText.length(milliseconds: Int64(min(milliseconds, 1e12))))
        }
        let waited = waits.isEmpty ? [] : ["waited " + waits.joined(separator: ", ")]
        return (waited + (stages.isEmpty ? [] : [stages.joined(separator: ", ")])).joined(separator: "; ")
    }

    private static func fault(_ name: String) -> String {
        switch name {
        case "peer": "the server's"
        case "network": "the network's"
        case "us": "ours"
        case "configuration": "the configuration's"
        case "operator": "nobody's: it was asked for"
        default: name.printable
        }
    }
}
