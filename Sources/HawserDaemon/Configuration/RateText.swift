import ConnectionLifecycle

/// Rates as they are written in a configuration: a whole number, a slash, and a time: `5/s`, `300/5m`, `1000/h`.
enum RateText {
    /// The rate that `text` says; nil if it says none. Out of every range it may be.
    static func parse(_ text: String) -> Rate? {
        guard let (digits, time) = parts(text), let count = Int(digits), count > 0 else { return nil }
        let hasNumber = time.first.map { $0.isASCII && $0.isNumber } ?? false
        guard let per = DurationText.parse(hasNumber ? String(time) : "1\(time)"), per > .zero else { return nil }
        return Rate(count, per: per)
    }

    /// The rate, without the number of a window that is one unit long.
    static func format(_ rate: Rate) -> String {
        let per = DurationText.format(rate.per)
        let isUnit = ["1s", "1m", "1h", "1d"].contains(per)
        return "\(rate.count)/\(isUnit ? String(per.dropFirst()) : per)"
    }

    /// The list as one would write it; `none` without any.
    static func format(_ rates: [Rate]) -> String {
        rates.isEmpty ? "none" : "[\(rates.map(format).joined(separator: ", "))]"
    }

    /// What to write for `text`, which is not a rate, if that can be guessed.
    static func guess(_ text: String) -> String? {
        let compact = text.lowercased().filter { $0 != " " && $0 != "_" }.replacing("per", with: "/")
        if let count = Int(compact), count > 0 { return "\(count)/s" }
        guard let (digits, time) = parts(compact), let count = Int(digits), count > 0 else { return nil }
        let hasNumber = time.first.map { $0.isASCII && $0.isNumber } ?? false
        guard let duration = DurationText.guess(hasNumber ? String(time) : "1\(time)") ?? plain(time, hasNumber),
            let per = DurationText.parse(duration), per > .zero
        else { return nil }
        return format(Rate(count, per: per))
    }

    private static func plain(_ time: Substring, _ hasNumber: Bool) -> String? {
        let text = hasNumber ? String(time) : "1\(time)"
        return DurationText.parse(text) == nil ? nil : text
    }

    private static func parts(_ text: String) -> (digits: Substring, time: Substring)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let rest = text.dropFirst(digits.count)
        guard !digits.isEmpty, rest.first == "/", rest.count > 1 else { return nil }
        return (digits, rest.dropFirst())
    }
}

extension Rate {
    /// The rate that `text` says as the configuration writes it, such as `5/s`; nil if it says none that is allowed.
    public init?(configurationText text: String) {
        guard let rate = RateText.parse(text), ConfigurationBounds.rateCount.contains(rate.count),
            ConfigurationBounds.rateWindow.contains(rate.per)
        else { return nil }
        self = rate
    }
}

extension ConfigurationValue {
    /// One rate, or a list of them, or `none`.
    func rates() -> [Rate]? {
        if isWord("none") {
            reading.recordOrigin(of: path, line: position.line)
            return []
        }
        if case .scalar = node.content { return rate().map { [$0] } }
        guard let items = list(of: "rates", limit: ConfigurationBounds.rates) else { return nil }
        guard !items.isEmpty else {
            report(problem: "the list of rates is empty", remedy: "write none, or a rate such as 5/s")
            return nil
        }
        var rates: [Rate] = []
        for item in items {
            guard let rate = item.rate() else { continue }
            if let other = rates.first(where: { $0.per == rate.per }) {
                item.report(
                    problem: "\(RateText.format(rate)) and \(RateText.format(other)) are limits of the same window",
                    seen: RateText.format(rate),
                    remedy: "keep the lower one"
                )
            } else {
                rates.append(rate)
            }
        }
        return rates.isEmpty ? nil : rates
    }

    private func rate() -> Rate? {
        let count = ConfigurationBounds.rateCount
        let window = ConfigurationBounds.rateWindow
        let allowed =
            "\(count.lowerBound) to \(count.upperBound) in a window of \(DurationText.format(window.lowerBound)) "
            + "to \(DurationText.format(window.upperBound)), such as 5/s or 300/5m"
        guard let text = text(expected: "a rate", allowed: allowed) else { return nil }
        guard let rate = RateText.parse(text.value) else {
            let guess = text.template.isConstant ? RateText.guess(text.value) : nil
            report(
                problem: "\(text.shown) is not a rate",
                seen: text.shown,
                allowed: allowed,
                remedy: guess.map { "write \($0)" }
            )
            return nil
        }
        guard count.contains(rate.count), window.contains(rate.per) else {
            report(problem: "\(text.shown) is out of range", seen: text.shown, allowed: allowed)
            return nil
        }
        return rate
    }
}
