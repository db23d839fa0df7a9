/// Room for what is inflated, shared by all connections of one event loop: each lends from it to its receiver and keeps
/// nothing there between calls. Confined to the loop's thread.
public final class InflateBuffer {
    /// Bytes inflated in one go; a longer message is gathered in a buffer of its own.
    static let size = 64 << 10
    /// Compressed messages up to this size are joined with the bytes that end them, which spares a call of zlib.
    static let inputSize = 4 << 10

    let output: UnsafeMutableRawBufferPointer
    let input: UnsafeMutableRawBufferPointer

    /// A buffer; takes 68 KiB, of which untouched pages cost nothing.
    public init() {
        output = .allocate(byteCount: Self.size, alignment: 64)
        input = .allocate(byteCount: Self.inputSize + MessageInflater.tail.count, alignment: 64)
    }

    deinit {
        output.deallocate()
        input.deallocate()
    }
}
