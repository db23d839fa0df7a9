import CCurl
import Glibc

// libcurl's callbacks, all on the engine's thread. Global functions: a closure could become isolated to an actor.

extension CurlTransfer {
    /// The transfer of the slot that is given to libcurl as user data.
    fileprivate static func of(_ owner: UnsafeMutableRawPointer?) -> CurlTransfer? {
        guard let owner else { return nil }
        // Proof: the slot owns the handle that calls back, and holds the transfer while the handle is at work.
        return Unmanaged<TransferSlot>.fromOpaque(owner)._withUnsafeGuaranteedRef { $0.transfer }
    }
}

/// What makes libcurl fail with CURLE_WRITE_ERROR or CURLE_READ_ERROR.
private let refusal = 0

func curlReceivedLine(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ owner: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = CurlTransfer.of(owner) else { return refusal }
    transfer.slot?.engine.noteReceived(transfer)
    let line = UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.receivedLine(line) ? line.count : refusal
}

func curlReceived(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ owner: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = CurlTransfer.of(owner), let engine = transfer.slot?.engine else { return refusal }
    engine.noteReceived(transfer)
    let content = UnsafeRawBufferPointer(start: bytes, count: size * count)
    guard let taken = transfer.received(content, decodingInto: engine.decodingRoom) else {
        engine.noteHeld(transfer)
        return Int(CURL_WRITEFUNC_PAUSE)
    }
    return taken
}

func curlWantsContent(
    _ room: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ owner: UnsafeMutableRawPointer?
) -> Int {
    let room = UnsafeMutableRawBufferPointer(start: room, count: size * count)
    guard let transfer = CurlTransfer.of(owner), let engine = transfer.slot?.engine else {
        return Int(CURL_READFUNC_ABORT)
    }
    return engine.supply(transfer, room)
}

/// Content that is sent again, for authentication or on another connection.
func curlSeeks(_ owner: UnsafeMutableRawPointer?, _ offset: curl_off_t, _ origin: CInt) -> CInt {
    guard let transfer = CurlTransfer.of(owner), origin == 0, offset == 0 else { return CInt(CURL_SEEKFUNC_CANTSEEK) }
    guard case .bytes = transfer.request.content, transfer.request.method.isIdempotent || transfer.request.digest != nil
    else { return CInt(CURL_SEEKFUNC_FAIL) }
    transfer.sent = 0
    return CInt(CURL_SEEKFUNC_OK)
}

func curlConnected(
    _ owner: UnsafeMutableRawPointer?,
    _: UnsafeMutablePointer<CChar>?,
    _: UnsafeMutablePointer<CChar>?,
    _: CInt,
    _: CInt
) -> CInt {
    guard let transfer = CurlTransfer.of(owner) else { return CInt(CURL_PREREQFUNC_ABORT) }
    transfer.slot?.engine.noteConnected(transfer)
    return CInt(CURL_PREREQFUNC_OK)
}

/// A socket is to be watched, or not any more.
func curlWatches(
    _: UnsafeMutableRawPointer?,
    _ socket: curl_socket_t,
    _ what: CInt,
    _ owner: UnsafeMutableRawPointer?,
    _: UnsafeMutableRawPointer?
) -> CInt {
    guard let owner else { return -1 }
    // Proof: the engine outlives its multi handle, from which alone this is called.
    Unmanaged<CurlEngine>.fromOpaque(owner)._withUnsafeGuaranteedRef { $0.watch(socket, what) }
    return 0
}

/// A socket is to be made.
func curlOpens(
    _ owner: UnsafeMutableRawPointer?,
    _: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let owner, let address = address?.pointee else { return -1 }
    let made = socket(address.family, address.socktype | Int32(SOCK_CLOEXEC.rawValue), address.protocol)
    // Proof: the engine outlives its multi handle, whose connections alone call this.
    if made >= 0 { Unmanaged<CurlEngine>.fromOpaque(owner)._withUnsafeGuaranteedRef { $0.opened(made) } }
    return made
}

/// A socket is to be closed; libcurl does not say so of one that is still connecting.
func curlCloses(_ owner: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> CInt {
    // Proof: the engine outlives its multi handle, whose connections alone call this.
    if let owner { Unmanaged<CurlEngine>.fromOpaque(owner)._withUnsafeGuaranteedRef { $0.forget(socket) } }
    return close(socket)
}

/// libcurl wants to be called after so many milliseconds; -1 for not at all.
func curlWaits(_: UnsafeMutableRawPointer?, _ milliseconds: Int, _ owner: UnsafeMutableRawPointer?) -> CInt {
    guard let owner else { return -1 }
    // Proof: the engine outlives its multi handle, from which alone this is called.
    Unmanaged<CurlEngine>.fromOpaque(owner)._withUnsafeGuaranteedRef { $0.wake(after: milliseconds) }
    return 0
}
