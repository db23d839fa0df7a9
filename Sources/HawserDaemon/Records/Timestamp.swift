/// RFC 3339 in UTC with nanoseconds, `2026-11-20T21:00:00.123456789Z`: always 30 bytes, computed without libc.
///
/// The date and time of the last second are kept, so that a record mostly costs its nine digits of a fraction.
struct Timestamp {
    private var second = Int64.min
    private var text: (UInt64, UInt64, UInt32) = (0, 0, 0)

    /// The length of every timestamp.
    static let length = 30

    /// Appends the time `wallNanoseconds` after 1970-01-01 UTC; every `Int64` is a valid time (1677 to 2262).
    mutating func append(_ wallNanoseconds: Int64, to buffer: inout LineBuffer) {
        var seconds = wallNanoseconds / 1_000_000_000
        var fraction = wallNanoseconds % 1_000_000_000
        if fraction < 0 {
            seconds -= 1
            fraction += 1_000_000_000
        }
        if seconds != second {
            remember(seconds)
        }
        let place = buffer.room(for: Self.length)
        withUnsafeBytes(of: text) { bytes in
            place.copyMemory(from: bytes.baseAddress ?? UnsafeRawPointer(place), byteCount: 20)
        }
        Self.store(digits: fraction, count: 9, at: place + 20)
        (place + 29).storeBytes(of: UInt8(ascii: "Z"), as: UInt8.self)
        buffer.advance(by: Self.length)
    }

    /// `YYYYMMDDTHHMMSSZ` (ISO 8601 basic format), for file names.
    static func basicFormat(_ wallNanoseconds: Int64) -> String {
        var timestamp = Timestamp()
        var buffer = LineBuffer(capacity: 64)
        timestamp.append(wallNanoseconds, to: &buffer)
        return buffer.withBytes { bytes in
            let dropped: Set<UInt8> = [UInt8(ascii: "-"), UInt8(ascii: ":")]
            return String(decoding: bytes[..<19].filter { !dropped.contains($0) }, as: UTF8.self) + "Z"
        }
    }

    private mutating func remember(_ seconds: Int64) {
        second = seconds
        var day = seconds / 86_400
        var rest = seconds % 86_400
        if rest < 0 {
            day -= 1
            rest += 86_400
        }
        let date = Self.civil(day: day)
        let fields: [(offset: Int, value: Int64, count: Int)] = [
            (0, date.year, 4), (5, date.month, 2), (8, date.day, 2),
            (11, rest / 3600, 2), (14, rest / 60 % 60, 2), (17, rest % 60, 2),
        ]
        withUnsafeMutableBytes(of: &text) { bytes in
            bytes.copyBytes(from: "0000-00-00T00:00:00.".utf8)
            guard let base = bytes.baseAddress else { return }
            for field in fields {
                Self.store(digits: field.value, count: field.count, at: base + field.offset)
            }
        }
    }

    /// The proleptic Gregorian date of a day counted from 1970-01-01, by eras of 400 years that begin on 1 March.
    private static func civil(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (
            yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        )
    }

    private static func store(digits value: Int64, count: Int, at place: UnsafeMutableRawPointer) {
        var rest = UInt32(truncatingIfNeeded: value)
        for index in stride(from: count - 1, through: 0, by: -1) {
            place.storeBytes(of: UInt8(truncatingIfNeeded: rest % 10) + 0x30, toByteOffset: index, as: UInt8.self)
            rest /= 10
        }
    }
}
