import MonotonicTime

/// `seconds` after the origin of the virtual clock.
func at(_ seconds: Double) -> Instant {
    Instant(nanoseconds: Int64((seconds * 1e9).rounded()))
}
