/// The value of `Retry-After` (RFC 9110 section 10.2.3).
public enum RetryAfter {
    /// No server means more than this; longer waits are cut to it, so that arithmetic on them cannot overflow.
    private static let limit: Int64 = 366 * 86_400

    /// The wait that `value` asks for.
    ///
    /// - Parameters:
    ///   - value: seconds, or a date in one of the three forms of HTTP.
    ///   - date: now, in seconds since 1970-01-01T00:00:00Z.
    /// - Returns: zero for a date that has passed, at most 366 days; nil if `value` is neither form. The caller caps it
    ///   by policy.
    public static func parse(_ value: String, date: Int64) -> Duration? {
        let bytes = HTTPSyntax.trimmed(Array(value.utf8)[...])
        if let seconds = HTTPSyntax.decimal(bytes) {
            return .seconds(min(seconds, limit))
        }
        guard let until = HTTPDate.parse(bytes, now: date) else { return nil }
        let (wait, overflow) = until.subtractingReportingOverflow(date)
        return .seconds(overflow ? (date < 0 ? limit : 0) : min(max(wait, 0), limit))
    }
}
