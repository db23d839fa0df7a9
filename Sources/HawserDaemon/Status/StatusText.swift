/// A daemon's status for a person: a few lines about all of it, and a table of its subscriptions. Pure.
struct StatusText {
    /// From so many columns on there is room for every column of the table.
    private static let wide = 120
    private static let longestName = (narrow: 20, wide: 40)

    private let status: JSONTree
    private let now: Int64

    /// - Parameters:
    ///   - status: what the daemon said.
    ///   - now: in nanoseconds since 1970-01-01 UTC, by the daemon's clock if it tells.
    init(_ status: JSONTree, now: Int64) {
        self.status = status
        self.now = Self.moment(status["time"]) ?? now
    }

    /// The lines, without newlines.
    ///
    /// - Parameters:
    ///   - width: none is longer; nil for no bound.
    ///   - height: there are no more; then those that are not open come first. Nil for no bound.
    func lines(width: Int?, height: Int?) -> [String] {
        let head = summary + sinks + [""]
        var rows = status["subscriptions"]?.elements ?? []
        guard !rows.isEmpty else { return (head + ["no subscriptions"]).map { Self.cut($0, to: width) } }
        var hidden = 0
        if let height, head.count + 1 + rows.count > height - 1 {
            let room = max(height - 1 - head.count - 2, 1)
            let ordered = rows.filter { !Self.isWell($0) } + rows.filter(Self.isWell)
            hidden = max(rows.count - room, 0)
            rows = Array(ordered.prefix(room))
        }
        let rest = hidden > 0 ? ["… and \(hidden) more: hawser status, without --watch"] : []
        return (head + table(rows, isWide: width.map { $0 >= Self.wide } ?? true) + rest).map {
            Self.cut($0, to: width)
        }
    }

    // MARK: Above the table

    private var summary: [String] {
        let phases = status["phases"]
        let counts = SubscriptionStatistics.Phase.allCases.compactMap { phase -> String? in
            guard phase != .open, let count = phases?[phase.rawValue]?.number, count > 0 else { return nil }
            return "\(count) \(Self.word(phase.rawValue))"
        }
        let all = SubscriptionStatistics.Phase.allCases.reduce(0) { $0 + (phases?[$1.rawValue]?.number ?? 0) }
        let open = phases?["open"]?.number ?? 0
        let states = (["\(open)/\(all) open"] + counts).joined(separator: ", ")
        let up = Self.moment(status["since"]).map { ", up \(age($0))" } ?? ""
        let first = "hawser \(text("version")), run \(text("run")), pid \(number("pid"))\(up): \(states)"
        var facts = ["connections \(places("connections"))", "dials \(places("dials"))"]
        if let level = status["log_level"]?.text { facts.append("log level \(level.printable)") }
        if let path = status["configuration"]?.text { facts.append(path.printable) }
        return [first, facts.joined(separator: "; ")]
    }

    private var sinks: [String] {
        (status["sinks"]?.elements ?? []).map { sink in
            let name = sink["sink"]?.text?.printable ?? "-"
            let queued = SizeText.rounded(sink["queued_bytes"]?.number ?? 0)
            let high = SizeText.rounded(sink["high_bytes"]?.number ?? 0)
            let blocked = (sink["blocked_ms"]?.number).map { ", full for \(SpanText.length(milliseconds: Int64($0)))" }
            let error = sink["blocked"]?.truth == true ? sink["error"]?.text.map { ": \($0.printable)" } : nil
            return "sink \(name): \(queued) of \(high) queued" + (blocked ?? "") + (error ?? "")
        }
    }

    private func places(_ name: String) -> String {
        let places = status[name]
        let waiting = places?["waiting"]?.number ?? 0
        let used = "\(places?["held"]?.number ?? 0)/\(places?["limit"]?.number ?? 0)"
        return waiting > 0 ? "\(used), \(waiting) waiting" : used
    }

    // MARK: The table

    private func table(_ rows: [JSONTree], isWide: Bool) -> [String] {
        var columns: [(title: String, alignment: TextTable.Alignment)] = [
            ("subscription", .left), ("state", .left), ("for", .right), ("messages", .right), ("last", .right),
        ]
        if isWide { columns += [("session", .right), ("reconnects", .right), ("failed", .right)] }
        var table = TextTable(columns: columns + [("", .left)])
        table.rows = rows.map { row in
            let limit = isWide ? Self.longestName.wide : Self.longestName.narrow
            let messages = row["received_messages"]?.number ?? 0
            var cells = [
                Self.cut(row["subscription"]?.text?.printable ?? "-", to: limit), Self.word(row["phase"]?.text),
                Self.moment(row["since"]).map(age) ?? "-", isWide ? "\(messages)" : Self.short(messages),
                Self.moment(row["last_message"]).map(age) ?? "-",
            ]
            if isWide { cells += ["session", "reconnects", "failed_dials"].map { "\(row[$0]?.number ?? 0)" } }
            return cells + [note(row)]
        }
        return table.lines
    }

    private func note(_ row: JSONTree) -> String {
        let end = row["last_end"]?["text"]?.text?.printable
        switch row["phase"]?.text.flatMap(SubscriptionStatistics.Phase.init) {
        case .open:
            let sinks = row["blocked_by"]?.elements.compactMap { $0.text?.printable } ?? []
            return sinks.isEmpty ? "" : "not read: \(sinks.joined(separator: ", ")) is full"
        case .backingOff:
            let unhealthy = row["unhealthy"]?.truth == true ? "unhealthy: " : ""
            let left = Self.moment(row["next"]?["at"]).map { "in \(SpanText.length(.nanoseconds(max($0 - now, 0)))): " }
            return (left ?? "") + unhealthy + (end ?? "")
        case .waiting, .waitingToDial:
            let ahead = row["waiting"]?["ahead"]?.number.map { "behind \($0)" }
            let reason = row["waiting"]?["for"]?.text.map { $0 == "connection" ? "" : " (\($0.printable))" }
            return (ahead ?? "") + (reason ?? "")
        case .dialing: return [row["stage"]?.text, end].compactMap { $0 }.joined(separator: "; before: ")
        case .paused, .closing: return row["paused_by"]?.text.map { "by \($0.printable)" } ?? ""
        case .idle, .stopped, nil: return ""
        }
    }

    private static func isWell(_ row: JSONTree) -> Bool {
        row["phase"]?.text == "open" && row["blocked_since"] == nil
    }

    // MARK: Texts

    /// The phase in a word for a person.
    static func word(_ phase: String?) -> String {
        switch phase {
        case "waiting_to_dial": "at the gate"
        case "backing_off": "backing off"
        default: phase?.printable ?? "-"
        }
    }

    /// `text` in at most `width` columns.
    static func cut(_ text: String, to width: Int?) -> String {
        guard let width, text.count > width else { return text }
        return text.prefix(max(width - 1, 0)) + "…"
    }

    /// `940`, `12.3k`, `4.5M`.
    private static func short(_ number: Int) -> String {
        let units = [(1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")]
        guard let (size, unit) = units.first(where: { number >= $0.0 }) else { return "\(number)" }
        let scale = unit == "k" ? 1_000 : size
        return "\(number / scale).\(number % scale * 10 / scale)\(unit)"
    }

    /// The moment that `tree` says, in nanoseconds since 1970-01-01 UTC.
    static func moment(_ tree: JSONTree?) -> Int64? {
        tree?.text.flatMap { Timestamp.parse($0.utf8) }
    }

    private func age(_ moment: Int64) -> String {
        SpanText.length(.nanoseconds(max(now - moment, 0)))
    }

    private func text(_ name: String) -> String { status[name]?.text?.printable ?? "-" }
    private func number(_ name: String) -> Int { status[name]?.number ?? 0 }
}
