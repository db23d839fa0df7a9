import Locking
import CLibwebsockets
import Glibc

/// One libwebsockets context on a libuv loop that is not its own, with the virtual host to which sockets are adopted.
/// Confined to the loop's thread.
final class LibwebsocketsContext {
    /// Making and freeing contexts loads and unloads the library's plug-in and touches its globals: one at a time.
    private static let creation = OrderedMutex(())
    private static let protocolName: StaticString = "hawser-socket"

    private let slot = UnsafeMutablePointer<OpaquePointer?>.allocate(capacity: 1)
    private let foreignLoop = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
    private let protocols = UnsafeMutablePointer<lws_protocols>.allocate(capacity: 2)
    /// The virtual host of the client sockets.
    private(set) var vhost: OpaquePointer?
    /// Descriptors from this number on cannot be adopted.
    let descriptorLimit: Int32
    /// The library's event pipe, which it closes twice.
    private var eventPipe: Int32 = -1
    /// Numbers below the event pipe's, taken before it was made; see ``beginDestroying()``.
    private var reserve: [Int32]

    /// The context; `nil` once it is gone.
    var pointer: OpaquePointer? { slot.pointee }

    /// Makes the context; see ``isUp``.
    init(on handles: LoopHandles) {
        slot.initialize(to: nil)
        foreignLoop.initialize(to: UnsafeMutableRawPointer(handles.loop))
        protocols.initialize(repeating: lws_protocols(), count: 2)
        protocols[0].name = Self.name
        protocols[0].callback = socketCallback as SocketCallback
        LibraryLog.silenceUnlessRedirected()
        var info = lws_context_creation_info()
        info.port = CONTEXT_PORT_NO_LISTEN
        info.gid = -1
        info.uid = -1
        info.protocols = UnsafePointer(protocols)
        info.options = UInt64(LWS_SERVER_OPTION_LIBUV) | UInt64(LWS_SERVER_OPTION_EXPLICIT_VHOSTS)
        info.foreign_loops = foreignLoop
        info.pcontext = slot
        // For the servers that share the context: what they read at a time.
        info.pt_serv_buf_size = 65536
        descriptorLimit = getdtablesize()
        reserve = (0..<8).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }.filter { $0 >= 0 }
        Self.creation.withLock { [slot] _ in slot.pointee = lws_create_context(&info) }
        guard let context = slot.pointee else { return }
        // Nothing else is polled yet.
        eventPipe = handles.polledDescriptors.first ?? -1
        info.vhost_name = Self.name
        vhost = lws_create_vhost(context, &info)
    }

    /// Whether everything is there. If not, the loop must be neither run nor freed: the library may have left handles in
    /// it that only a whole context could close. For want of a descriptor it goes on without its event pipe, and then
    /// never finishes its destruction.
    var isUp: Bool { slot.pointee != nil && vhost != nil && eventPipe >= 0 }

    deinit {
        slot.deallocate()
        foreignLoop.deallocate()
        protocols.deallocate()
    }

    private static var name: UnsafePointer<CChar> {
        UnsafeRawPointer(protocolName.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// Hands `descriptor` to the library, which from then on closes it.
    ///
    /// - Parameter owner: what the callbacks find as the opaque user data.
    /// - Returns: `nil` if the library did not take it. It leaves a half-made object behind then, so the caller checks
    ///   ``descriptorLimit`` first, the one cause that is known.
    func adopt(_ descriptor: Int32, owner: UnsafeMutableRawPointer) -> OpaquePointer? {
        var adoption = lws_adopt_desc_t()
        adoption.vh = vhost
        adoption.type = LWS_ADOPT_RAW_FILE_DESC
        adoption.fd.filefd = descriptor
        adoption.vh_prot_name = Self.name
        adoption.opaque = owner
        return lws_adopt_descriptor_vhost_via_info(&adoption)
    }

    /// Starts to close everything that the context holds. Not from inside one of its callbacks.
    ///
    /// The library closes its event pipe within, and the same number again when libuv has closed the handle, by when the
    /// number may be another thread's descriptor. Something harmless takes the number until then. No other thread can
    /// take it first, in the microseconds between: the kernel hands out the lowest free number, and those in reserve,
    /// which are lower, are free by then.
    func beginDestroying() {
        guard let context = slot.pointee else { return }
        closeReserve()
        Self.creation.withLock { _ in lws_context_destroy(context) }
        holdEventPipeNumber()
    }

    private func holdEventPipeNumber() {
        guard eventPipe >= 0 else { return }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        guard null >= 0, null != eventPipe else { return }
        // The lowest free number from eventPipe on.
        let held = fcntl(null, F_DUPFD_CLOEXEC, eventPipe)
        close(null)
        if held >= 0 && held != eventPipe { close(held) }
        eventPipe = -1
    }

    private func closeReserve() {
        for descriptor in reserve { close(descriptor) }
        reserve = []
    }

    /// Leaves everything as it is, for good.
    func abandon() {
        closeReserve()
        keepForGood(self)
    }

    /// Frees the context, once libuv has closed every handle of the library.
    func finishDestroying() {
        guard let context = slot.pointee else { return }
        Self.creation.withLock { _ in lws_context_destroy(context) }
    }
}
