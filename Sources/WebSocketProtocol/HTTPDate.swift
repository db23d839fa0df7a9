/// The three forms of a date in HTTP (RFC 9110 section 5.6.7), always in UTC. The day of the week must be one, but is
/// not compared with the date.
enum HTTPDate {
    private typealias Text = ArraySlice<UInt8>

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]

    /// Seconds since 1970-01-01T00:00:00Z; nil if `text` is no date.
    ///
    /// - Parameter now: in the same seconds; decides the century of a year of two digits.
    static func parse(_ text: ArraySlice<UInt8>, now: Int64) -> Int64? {
        let words = text.split(separator: 0x20)
        guard let day = words.first else { return nil }
        switch words.count {
        case 6:
            // Sun, 06 Nov 1994 08:49:37 GMT
            guard isDay(day, suffix: ",", isShort: true), isGMT(words[5]), words[1].count == 2, words[3].count == 4
            else { return nil }
            return seconds(day: words[1], month: words[2], year: number(words[3]), time: words[4])
        case 4:
            // Sunday, 06-Nov-94 08:49:37 GMT
            let parts = words[1].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
            guard isDay(day, suffix: ",", isShort: false), isGMT(words[3]), parts.count == 3, parts[0].count == 2,
                parts[2].count == 2
            else { return nil }
            return seconds(
                day: parts[0],
                month: parts[1],
                year: number(parts[2]).map { fullYear($0, now: now) },
                time: words[2]
            )
        case 5:
            // Sun Nov  6 08:49:37 1994
            guard isDay(day, suffix: "", isShort: true), words[4].count == 4 else { return nil }
            return seconds(day: words[2], month: words[1], year: number(words[4]), time: words[3])
        default:
            return nil
        }
    }

    private static func isDay(_ word: Text, suffix: String, isShort: Bool) -> Bool {
        days.contains { day in
            word.elementsEqual((isShort ? String(day.prefix(3)) + suffix : day + suffix).utf8)
        }
    }

    private static func isGMT(_ word: Text) -> Bool {
        word.elementsEqual("GMT".utf8)
    }

    private static func number(_ digits: Text) -> Int64? {
        digits.count <= 4 ? HTTPSyntax.decimal(digits) : nil
    }

    /// A year of two digits is the most recent with those digits that is not over 50 years in the future.
    private static func fullYear(_ twoDigits: Int64, now: Int64) -> Int64 {
        // Within a day of the true year is near enough to tell centuries apart.
        let thisYear = min(max(1970 + now / 31_556_952, 1970), 9999)
        let candidate = thisYear - thisYear % 100 + 100 + twoDigits
        return candidate > thisYear + 150 ? candidate - 200 : candidate > thisYear + 50 ? candidate - 100 : candidate
    }

    private static func seconds(day: Text, month: Text, year: Int64?, time: Text) -> Int64? {
        let clock = time.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard let year, year > 0, let day = number(day),
            let month = months.firstIndex(where: { month.elementsEqual($0.utf8) }),
            (1...daysInMonth(month + 1, year)).contains(day), clock.count == 3, clock.allSatisfy({ $0.count == 2 }),
            let hour = number(clock[0]), let minute = number(clock[1]), let second = number(clock[2]),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        let days = daysSinceEpoch(year: year, month: Int64(month + 1), day: day)
        return ((days * 24 + hour) * 60 + minute) * 60 + second
    }

    private static func daysInMonth(_ month: Int, _ year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar; the year is counted from March, so that the leap day is
    /// its last.
    private static func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
