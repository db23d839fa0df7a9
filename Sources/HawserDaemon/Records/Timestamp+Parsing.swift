extension Timestamp {
    /// Nanoseconds since 1970-01-01 UTC that an RFC 3339 date and time says; nil if it says none, or one before 1678 or
    /// after 2261, which `Int64` cannot hold.
    ///
    /// As lenient as the RFC lets a reader be: a space for the `T`, small letters, any number of digits of a fraction.
    static func parse(_ text: some Collection<UInt8>) -> Int64? {
        var reader = DigitReader(text)
        guard let day = reader.date(), reader.skip("Tt "), let time = reader.time(needsSeconds: true),
            let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        return nanoseconds(day: day, secondOfDay: time.second - offset, fraction: time.fraction)
    }

    /// The moment so many seconds and nanoseconds into a day counted from 1970-01-01; nil if `Int64` cannot hold it.
    static func nanoseconds(day: Int64, secondOfDay: Int64, fraction: Int64 = 0) -> Int64? {
        let (days, overflow) = day.multipliedReportingOverflow(by: 86_400)
        guard !overflow else { return nil }
        let (scaled, scaledOverflow) = (days + secondOfDay).multipliedReportingOverflow(by: 1_000_000_000)
        guard !scaledOverflow else { return nil }
        let (sum, sumOverflow) = scaled.addingReportingOverflow(fraction)
        return sumOverflow ? nil : sum
    }
}

/// Reads the parts of a date and time from left to right.
struct DigitReader<Text: Collection> where Text.Element == UInt8 {
    private var rest: Text.SubSequence

    init(_ text: Text) {
        rest = text[...]
    }

    var isAtEnd: Bool { rest.isEmpty }

    /// Takes one byte if it is one of `characters`.
    mutating func skip(_ characters: StaticString) -> Bool {
        guard let byte = rest.first, characters.withUTF8Buffer({ $0.contains(byte) }) else { return false }
        rest = rest.dropFirst()
        return true
    }

    /// The day counted from 1970-01-01 of `2026-11-26`, if there is such a day.
    mutating func date() -> Int64? {
        guard let year = number(4), (1678...2261).contains(year), skip("-"), let month = number(2),
            (1...12).contains(month), skip("-"), let day = number(2),
            (1...Self.length(ofMonth: month, year: year)).contains(day)
        else { return nil }
        // Eras of 400 years that begin on 1 March, as where dates are written.
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// The second of the day of `21:00:04.771` and the nanoseconds of its fraction.
    ///
    /// A leap second counts as the second before.
    mutating func time(needsSeconds: Bool) -> (second: Int64, fraction: Int64)? {
        guard let hour = number(2), hour < 24, skip(":"), let minute = number(2), minute < 60 else { return nil }
        var second: Int64 = 0
        var fraction: Int64 = 0
        if skip(":") {
            guard let read = number(2), read <= 60 else { return nil }
            second = min(read, 59)
            if skip(".,") {
                guard let read = self.fraction() else { return nil }
                fraction = read
            }
        } else if needsSeconds {
            return nil
        }
        return (hour * 3600 + minute * 60 + second, fraction)
    }

    /// Seconds east of UTC of `Z` or `+01:00`.
    mutating func offset() -> Int64? {
        if skip("Zz") { return 0 }
        let isWest = rest.first == UInt8(ascii: "-")
        guard skip("+-"), let hour = number(2), hour < 24, skip(":"), let minute = number(2), minute < 60 else {
            return nil
        }
        return (hour * 3600 + minute * 60) * (isWest ? -1 : 1)
    }

    private mutating func number(_ digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    private mutating func fraction() -> Int64? {
        guard var value = digit() else { return nil }
        var count = 1
        while let digit = digit() {
            if count < 9 { value = value * 10 + digit }
            count += 1
        }
        while count < 9 {
            value *= 10
            count += 1
        }
        return value
    }

    private mutating func digit() -> Int64? {
        guard let byte = rest.first, (0x30...0x39).contains(byte) else { return nil }
        rest = rest.dropFirst()
        return Int64(byte - 0x30)
    }

    private static func length(ofMonth month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
