/// The buffers that a loop's TLS connections read through, one at a time unless some stop in the middle.
final class TLSReadBuffers {
    /// Four of the largest records.
    static let size = 64 << 10
    private var spare: UnsafeMutableRawPointer?

    deinit {
        spare?.deallocate()
    }

    func take() -> UnsafeMutableRawPointer {
        defer { spare = nil }
        return spare ?? .allocate(byteCount: Self.size, alignment: 64)
    }

    func give(_ buffer: UnsafeMutableRawPointer) {
        if spare == nil { spare = buffer } else { buffer.deallocate() }
    }
}
