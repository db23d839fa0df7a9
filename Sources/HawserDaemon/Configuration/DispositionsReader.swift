import ConnectionLifecycle

/// Reads `dispositions`: what follows after an end, by close code, status or name, over what is inherited.
struct DispositionsReader {
    private static let allowedKeys =
        "a close code (1000 to 4999), an HTTP status (100 to 599), "
        + DispositionTable.Failure.allCases.map(\.rawValue).joined(separator: ", ")
    private static let words = ["retry", "slow", "refresh", "retry_after"]

    let section: MappingReader

    /// The rules of the section over those of `base`, key by key.
    func read(over base: DispositionTable) -> DispositionTable {
        var table = base
        guard section.entries.count <= ConfigurationBounds.dispositions else {
            section.reading.report(
                at: section.position,
                section.path,
                problem: "\(section.entries.count) dispositions are too many",
                seen: "\(section.entries.count)",
                allowed: "at most \(ConfigurationBounds.dispositions)"
            )
            return table
        }
        for (key, value) in section.values {
            let rule = readRule(value)
            guard let key = readKey(key), let rule else { continue }
            table[key] = rule
        }
        return table
    }

    private func readKey(_ key: ScalarNode) -> DispositionTable.Key? {
        if let failure = DispositionTable.Failure(rawValue: key.text) { return .failure(failure) }
        let number = Int(key.text)
        // A code with a leading zero or a sign is another text, and would be a second rule of the same code.
        if let number, "\(number)" == key.text {
            if let remedy = Self.remedy(forUnused: number) {
                report(key, "no answer and no Close frame has \(number)", allowed: nil, remedy: remedy)
                return nil
            }
            if (100...599).contains(number) { return .status(number) }
            if (1000...4999).contains(number) { return .closeCode(UInt16(number)) }
        }
        let guess = Spelling.closest(to: key.text, among: DispositionTable.Failure.allCases.map(\.rawValue))
        report(
            key,
            "\(Shown.quoted(key.text)) is no end of a dial or a session",
            allowed: guess == nil ? Self.allowedKeys : nil,
            remedy: number == nil ? guess.map { "did you mean \"\($0)\"?" } : nil
        )
        return nil
    }

    /// What to write instead of a number that never comes; nil if it may come.
    private static func remedy(forUnused number: Int) -> String? {
        switch number {
        case 101: "remove it: 101 is success"
        case 1006: "write peer_vanished, for an end without a Close frame"
        case 1015: "write tls or certificate"
        default: nil
        }
    }

    private func report(_ key: ScalarNode, _ problem: String, allowed: String?, remedy: String?) {
        section.reading.report(
            at: key.position,
            section.path(of: key.text),
            problem: problem,
            seen: Shown.cut(key.text),
            allowed: allowed,
            remedy: remedy
        )
    }

    private func readRule(_ value: ConfigurationValue) -> DispositionTable.Rule? {
        let range = ConfigurationBounds.dispositionDelay
        let allowed =
            Self.words.joined(separator: ", ") + ", or a delay from \(DurationText.format(range.lowerBound)) to "
            + DurationText.format(range.upperBound)
        guard let text = value.text(expected: "a disposition", allowed: allowed) else { return nil }
        switch text.value {
        case "retry": return .retry
        case "slow": return .slow
        case "refresh": return .refresh
        case "retry_after": return .retryAfter
        default: break
        }
        if text.value.first.map({ $0.isASCII && $0.isNumber }) ?? false {
            return value.duration(in: range).map { .after($0) }
        }
        value.unknownWord(text, Self.words, allowed: allowed)
        return nil
    }
}

extension DispositionTable.Key {
    /// The key as one writes it.
    var text: String {
        switch self {
        case .closeCode(let code): "\(code)"
        case .status(let status): "\(status)"
        case .failure(let failure): failure.rawValue
        }
    }
}

extension DispositionTable.Rule {
    /// The value as one writes it.
    var text: String {
        switch self {
        case .retry: "retry"
        case .slow: "slow"
        case .refresh: "refresh"
        case .retryAfter: "retry_after"
        case .after(let delay): DurationText.format(delay)
        }
    }
}
