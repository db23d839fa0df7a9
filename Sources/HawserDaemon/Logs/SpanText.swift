import MonotonicTime

/// Lengths and points of time as the summary and the timeline write them.
enum SpanText {
    /// `850ms`, `12.3s`, `2m05s`, `3h20m`, `4d06h`: two units at most.
    static func length(milliseconds: Int64) -> String {
        let seconds = milliseconds / 1_000
        switch milliseconds {
        case ..<1_000: return "\(max(milliseconds, 0))ms"
        case ..<60_000: return "\(seconds).\(milliseconds % 1_000 / 100)s"
        case ..<3_600_000: return "\(seconds / 60)m\(twoDigits(seconds % 60))s"
        case ..<86_400_000: return "\(seconds / 3_600)h\(twoDigits(seconds / 60 % 60))m"
        default: return "\(seconds / 86_400)d\(twoDigits(seconds / 3_600 % 24))h"
        }
    }

    /// The same for a duration.
    static func length(_ duration: Duration) -> String {
        length(milliseconds: duration.milliseconds)
    }

    /// `2026-11-26 21:00:04Z`.
    static func moment(_ wallNanoseconds: Int64) -> String {
        String(timestamp(wallNanoseconds).prefix(19)).replacing("T", with: " ") + "Z"
    }

    /// RFC 3339 with nanoseconds.
    static func timestamp(_ wallNanoseconds: Int64) -> String {
        var timestamp = Timestamp()
        var output = LineBuffer(capacity: 64)
        timestamp.append(wallNanoseconds, to: &output)
        return output.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// `99.98%`: cut and not rounded, so that 100% means all of it.
    static func percent(_ share: Double?) -> String {
        guard let share else { return "-" }
        let hundredths = Int(min(max(share, 0), 1) * 10_000)
        return hundredths == 10_000 ? "100%" : "\(hundredths / 100).\(twoDigits(Int64(hundredths % 100)))%"
    }

    private static func twoDigits(_ number: Int64) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
