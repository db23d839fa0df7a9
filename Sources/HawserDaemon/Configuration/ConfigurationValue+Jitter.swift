import ConnectionLifecycle

extension ConfigurationValue {
    /// How delays are spread: `full`, `none` or a fraction.
    func jitter() -> Jitter? {
        let allowed = "full, none, or a fraction from 0 to 1 such as 0.25"
        guard let text = text(expected: "a jitter", allowed: allowed) else { return nil }
        switch text.value {
        case "full": return .full
        case "none": return Jitter.none
        default: break
        }
        guard let fraction = Double(text.value) else {
            unknownWord(text, ["full", "none"], allowed: allowed)
            return nil
        }
        guard ConfigurationBounds.jitterFraction.contains(fraction) else {
            let percent = text.value.hasSuffix("%") || (fraction > 1 && fraction <= 100)
            report(
                problem: "\(text.shown) is out of range",
                seen: text.shown,
                allowed: allowed,
                remedy: text.template.isConstant && percent
                    ? "for \(text.value) percent write \(Shown.number(fraction / 100))" : nil
            )
            return nil
        }
        return .fraction(fraction)
    }
}
