import CLibwebsockets
import Glibc

/// What OpenSSL reads from and writes to: the descriptor; reading takes 64 KiB at a time. Confined to its event loop's
/// thread.
///
/// OpenSSL's own read-ahead moves everything it holds to the front of its buffer with each record, which for small
/// records costs as much as decrypting them. Here it takes record after record from where they lie. The buffer belongs to
/// the loop and is here only while it holds something, so an idle connection has none.
final class TLSStream {
    private let descriptor: Int32
    private let pool: TLSReadBuffers
    private var buffer: UnsafeMutableRawPointer?
    private var start = 0
    private var end = 0
    /// The last read of the descriptor took all there was.
    private var isDrained = false
    private var isAtEnd = false

    init(_ descriptor: Int32, _ pool: TLSReadBuffers) {
        self.descriptor = descriptor
        self.pool = pool
    }

    deinit {
        buffer?.deallocate()
    }

    /// Whether reading on would find nothing: empty, and the descriptor too when it was last read.
    var isExhausted: Bool { isDrained && start == end }

    /// Looks at the descriptor again, of which a new event may tell.
    func wake() {
        isDrained = false
    }

    /// A BIO on this stream; it must not outlive this object.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method, let bio = BIO_new(method) else { return nil }
        // Proof: the connection that owns this object frees the BIO, with its SSL, before it lets go of the object.
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    // Proof: made once, under the lock of a static initialiser, and only read from then on.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "hawser stream") else { return nil }
        BIO_meth_set_read(method, readTLSStream)
        BIO_meth_set_write(method, writeTLSStream)
        BIO_meth_set_ctrl(method, controlTLSStream)
        return method
    }()

    /// - Returns: the bytes copied; 0 at the end; -1 if there are none yet or reading failed.
    fileprivate func read(into room: UnsafeMutableRawPointer, _ count: Int) -> (count: Int, mayRetry: Bool) {
        if start == end {
            let filled = fill()
            guard filled.count > 0 else { return filled }
        }
        guard let buffer else { return (-1, false) }
        let copied = min(count, end - start)
        room.copyMemory(from: buffer + start, byteCount: copied)
        start += copied
        if start == end { release() }
        return (copied, false)
    }

    /// - Returns: the bytes that the kernel took; -1 if it takes none now or writing failed.
    fileprivate func write(_ bytes: UnsafeRawPointer, _ count: Int) -> (count: Int, mayRetry: Bool) {
        while true {
            let sent = send(descriptor, bytes, count, Int32(MSG_NOSIGNAL))
            if sent < 0 && errno == EINTR { continue }
            return (sent, sent < 0 && errno == EAGAIN)
        }
    }

    fileprivate var hasEnded: Bool { isAtEnd }

    private func fill() -> (count: Int, mayRetry: Bool) {
        guard !isDrained else { return (-1, true) }
        let buffer = buffer ?? pool.take()
        self.buffer = buffer
        while true {
            let count = recv(descriptor, buffer, TLSReadBuffers.size, 0)
            if count < 0 && errno == EINTR { continue }
            start = 0
            end = max(0, count)
            isDrained = count < TLSReadBuffers.size
            if count <= 0 {
                let code = errno
                isAtEnd = count == 0
                release()
                errno = code
                return (count, count < 0 && code == EAGAIN)
            }
            return (count, false)
        }
    }

    /// Gives the buffer back, with whatever is in it.
    func release() {
        start = 0
        end = 0
        guard let buffer else { return }
        self.buffer = nil
        pool.give(buffer)
    }
}

private func readTLSStream(_ bio: OpaquePointer?, _ room: UnsafeMutablePointer<CChar>?, _ count: Int32) -> Int32 {
    BIO_clear_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY)
    guard let data = BIO_get_data(bio), let room, count > 0 else { return -1 }
    // Proof: see `makeBIO`.
    let (copied, mayRetry) = Unmanaged<TLSStream>.fromOpaque(data)._withUnsafeGuaranteedRef {
        $0.read(into: room, Int(count))
    }
    if mayRetry { BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY) }
    return Int32(copied)
}

private func writeTLSStream(_ bio: OpaquePointer?, _ bytes: UnsafePointer<CChar>?, _ count: Int32) -> Int32 {
    BIO_clear_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY)
    guard let data = BIO_get_data(bio), let bytes, count > 0 else { return 0 }
    // Proof: see `makeBIO`.
    let (sent, mayRetry) = Unmanaged<TLSStream>.fromOpaque(data)._withUnsafeGuaranteedRef {
        $0.write(bytes, Int(count))
    }
    if mayRetry { BIO_set_flags(bio, BIO_FLAGS_WRITE | BIO_FLAGS_SHOULD_RETRY) }
    return Int32(sent)
}

private func controlTLSStream(_ bio: OpaquePointer?, _ command: Int32, _: Int, _: UnsafeMutableRawPointer?) -> Int {
    // Nothing is held back here.
    if command == BIO_CTRL_FLUSH { return 1 }
    guard command == BIO_CTRL_EOF, let data = BIO_get_data(bio) else { return 0 }
    // Proof: see `makeBIO`.
    return Unmanaged<TLSStream>.fromOpaque(data)._withUnsafeGuaranteedRef { $0.hasEnded ? 1 : 0 }
}
