import Glibc

/// Threads that nobody joins: a look-up that hangs in the C library cannot be interrupted, so nothing may wait for it.
package enum DetachedThread {
    /// Enough for `getaddrinfo` with name service plug-ins.
    private static let stackSize = 512 * 1024

    /// Runs `body` on a new thread.
    ///
    /// - Returns: whether the thread could be made.
    package static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        guard pthread_attr_init(&attributes) == 0 else { return false }
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        let work = UnsafeMutablePointer<@Sendable () -> Void>.allocate(capacity: 1)
        work.initialize(to: body)
        var thread = pthread_t()
        guard pthread_create(&thread, &attributes, runDetached, work) == 0 else {
            work.deinitialize(count: 1)
            work.deallocate()
            return false
        }
        return true
    }
}

private func runDetached(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    let pointer = argument.assumingMemoryBound(to: (@Sendable () -> Void).self)
    let body = pointer.move()
    pointer.deallocate()
    body()
    return nil
}
