import Locking
import CLibwebsockets

/// One loop's own libuv objects: the loop, and the handles of it that are ours rather than libwebsockets'.
///
/// Initialised on the thread that makes the event loop, then used by the loop's thread alone, but for `uv_async_send`.
final class LoopHandles {
    let loop = UnsafeMutablePointer<uv_loop_t>.allocate(capacity: 1)
    let wake = UnsafeMutablePointer<uv_async_t>.allocate(capacity: 1)
    let prepare = UnsafeMutablePointer<uv_prepare_t>.allocate(capacity: 1)
    let check = UnsafeMutablePointer<uv_check_t>.allocate(capacity: 1)
    let idle = UnsafeMutablePointer<uv_idle_t>.allocate(capacity: 1)
    let timer = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)
    private var isOpen = false
    private(set) var isAbandoned = false
    private var isSpinning = false

    init() throws(EventLoopError) {
        var status = uv_loop_init(loop)
        guard status == 0 else { throw EventLoopError.libuv(code: status) }
        status = uv_async_init(loop, wake, loopWoken)
        guard status == 0 else {
            uv_loop_close(loop)
            throw EventLoopError.libuv(code: status)
        }
        // These four cannot fail: they only initialise memory.
        uv_prepare_init(loop, prepare)
        uv_check_init(loop, check)
        uv_idle_init(loop, idle)
        uv_timer_init(loop, timer)
        isOpen = true
    }

    deinit {
        assert(!isOpen, "an event loop was dropped before its libuv loop was closed")
        loop.deallocate()
        wake.deallocate()
        prepare.deallocate()
        check.deallocate()
        idle.deallocate()
        timer.deallocate()
    }

    /// Lets the handles call `owner`, which has to outlive them.
    func attach(to owner: UnsafeMutableRawPointer) {
        loop.pointee.data = owner
        uv_prepare_start(prepare, turnBegins)
        uv_check_start(check, turnEnds)
    }

    /// Whether the next wait for events returns at once, because there is more to do.
    func spin(_ wanted: Bool) {
        guard wanted != isSpinning, isOpen else { return }
        isSpinning = wanted
        if wanted { uv_idle_start(idle, nothing) } else { uv_idle_stop(idle) }
    }

    /// Starts to close every handle of ours.
    func closeAll() {
        guard isOpen else { return }
        isOpen = false
        for handle in own { uv_close(handle, nil) }
    }

    /// Gives the loop up with whatever is in it. The last resort: memory and descriptors stay as they are.
    func abandon() {
        uv_stop(loop)
        isOpen = false
        isAbandoned = true
        // What is in the loop may point to it and be pointed to from it.
        keepForGood(self)
    }

    private var own: [UnsafeMutablePointer<uv_handle_t>] {
        [
            UnsafeMutableRawPointer(wake), UnsafeMutableRawPointer(prepare), UnsafeMutableRawPointer(check),
            UnsafeMutableRawPointer(idle), UnsafeMutableRawPointer(timer),
        ].map { $0.assumingMemoryBound(to: uv_handle_t.self) }
    }

    /// Handles in the loop that are neither ours nor signals: those of libwebsockets, closing ones too.
    var foreignHandles: Int {
        let own = Set(own)
        return all.count { !own.contains($0) && uv_handle_get_type($0) != UV_SIGNAL }
    }

    /// The descriptors of the loop's poll handles.
    var polledDescriptors: [Int32] {
        all.filter { uv_handle_get_type($0) == UV_POLL }.compactMap { handle in
            var descriptor: Int32 = -1
            return uv_fileno(handle, &descriptor) == 0 ? descriptor : nil
        }
    }

    private var all: [UnsafeMutablePointer<uv_handle_t>] {
        var found: [UnsafeMutablePointer<uv_handle_t>] = []
        withUnsafeMutablePointer(to: &found) { uv_walk(loop, collectHandle, $0) }
        return found
    }
}

private let abandoned = OrderedMutex<[UInt]>([])

/// Never frees `object`, and keeps its address where a leak checker finds it: it is not forgotten, only given up.
func keepForGood(_ object: AnyObject) {
    let address = UInt(bitPattern: Unmanaged.passRetained(object).toOpaque())
    abandoned.withLock { $0.append(address) }
}

private func collectHandle(_ handle: UnsafeMutablePointer<uv_handle_t>?, _ found: UnsafeMutableRawPointer?) {
    guard let handle, let found else { return }
    found.assumingMemoryBound(to: [UnsafeMutablePointer<uv_handle_t>].self).pointee.append(handle)
}

// The event loop behind a handle. Proof: the loop's thread holds a reference for as long as it runs libuv's loop.

private func owner(_ loop: UnsafeMutablePointer<uv_loop_t>?) -> EventLoop? {
    guard let data = loop?.pointee.data else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(data).takeUnretainedValue()
}

private func loopWoken(_ handle: UnsafeMutablePointer<uv_async_t>?) {
    owner(handle?.pointee.loop)?.inboxIsWaiting = true
}

private func turnBegins(_ handle: UnsafeMutablePointer<uv_prepare_t>?) {
    owner(handle?.pointee.loop)?.beforeWaiting()
}

private func turnEnds(_ handle: UnsafeMutablePointer<uv_check_t>?) {
    owner(handle?.pointee.loop)?.afterWaiting()
}

private func nothing(_ handle: UnsafeMutablePointer<uv_idle_t>?) {}
