import CLibwebsockets
import Glibc
import Transport

/// The C form of `lws_callback_function`, which Swift imports as a Swift function type.
typealias ServerCallback =
    @convention(c) (
        OpaquePointer?, lws_callback_reasons, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int
    ) -> Int32

/// The object behind a descriptor that libwebsockets serves: its opaque user data. Confined to the loop.
///
/// The library holds one reference, taken by `adopt` and given back in `LWS_CALLBACK_WSI_DESTROY`, the last word about a
/// descriptor that it has closed.
package class AdoptedDescriptor {
    /// The library's object; nil before adoption and once the library has begun to close it.
    private(set) var wsi: OpaquePointer?
    private(set) var isInCallback = false
    private var isDoomed = false

    /// Something happened; the return value is the library's, where -1 closes the descriptor.
    func happened(_ reason: lws_callback_reasons, _ data: UnsafeMutableRawPointer?, _ count: Int) -> Int32 { 0 }

    /// Whether output waits that the socket has not taken.
    var hasUnsentOutput: Bool { false }

    /// The library has closed the descriptor and forgotten this object.
    func destroyed() {}

    /// Gives `descriptor` to the library, which closes it from then on. False if it did not take it; it is closed then.
    func adopt(_ descriptor: Int32, as type: lws_adoption_type, on vhost: OpaquePointer, protocolName: StaticString)
        -> Bool
    {
        // Proof: a number from the limit on is the one known cause for a refusal, after which nobody knows who holds what.
        guard descriptor < getdtablesize() else {
            close(descriptor)
            return false
        }
        var adoption = lws_adopt_desc_t()
        adoption.vh = vhost
        adoption.type = type
        adoption.fd.sockfd = descriptor
        adoption.vh_prot_name = protocolName.cString
        // Released in WSI_DESTROY. After a refusal that may come or not, so the reference is left alone: leaked at worst.
        adoption.opaque = Unmanaged.passRetained(self).toOpaque()
        wsi = lws_adopt_descriptor_vhost_via_info(&adoption)
        return wsi != nil
    }

    /// Closes the descriptor: at once outside of its callbacks, inside when the callback returns.
    func drop() {
        guard let wsi, !isDoomed else { return }
        isDoomed = true
        if hasUnsentOutput || lws_partial_buffered(wsi) != 0 { failOutput(of: wsi) }
        guard !isInCallback else { return }
        lws_set_timeout(wsi, PENDING_TIMEOUT_USER_OK, Int32(LWS_TO_KILL_SYNC))
    }

    /// The library would keep the descriptor for five seconds to send what it has buffered, and the kernel for minutes.
    /// Both fail from now on: the client sees a reset.
    private func failOutput(of wsi: OpaquePointer) {
        let descriptor = lws_get_socket_fd(wsi)
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// To be called when the library says that it closes the descriptor.
    final func forgetLibraryObject() {
        wsi = nil
    }

    fileprivate final func dispatch(
        _ reason: lws_callback_reasons,
        _ data: UnsafeMutableRawPointer?,
        _ count: Int
    ) -> Int32 {
        // Callbacks nest: closing inside one brings others.
        let wasInCallback = isInCallback
        isInCallback = true
        defer { isInCallback = wasInCallback }
        let result = happened(reason, data, count)
        return isDoomed ? -1 : result
    }
}

extension StaticString {
    /// As a C string, which lives as long as the program.
    var cString: UnsafePointer<CChar> {
        UnsafeRawPointer(utf8Start).assumingMemoryBound(to: CChar.self)
    }
}

/// Every callback of every server comes here, on its loop's thread.
func serverCallback(
    _ wsi: OpaquePointer?,
    _ reason: lws_callback_reasons,
    _ user: UnsafeMutableRawPointer?,
    _ data: UnsafeMutableRawPointer?,
    _ count: Int
) -> Int32 {
    if reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS {
        return ServerCertificate.present(to: user, of: data) ? 0 : -1
    }
    guard let wsi, let opaque = lws_get_opaque_user_data(wsi) else { return 0 }
    // Proof: `adopt` retained it, and only the branch below releases it, once for each library object.
    let reference = Unmanaged<AdoptedDescriptor>.fromOpaque(opaque)
    if reason == LWS_CALLBACK_WSI_DESTROY {
        let owner = reference.takeRetainedValue()
        owner.forgetLibraryObject()
        owner.destroyed()
        return 0
    }
    return reference.takeUnretainedValue().dispatch(reason, data, count)
}
