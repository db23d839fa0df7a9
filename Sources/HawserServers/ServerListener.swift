import CLibwebsockets
import Glibc
import MonotonicTime
import Transport

/// A listening socket, served by libwebsockets as a raw descriptor: what it accepts goes to `onAccept`. Confined to the
/// loop.
///
/// The library's own listening sockets cannot be closed before its context is (4.1.6), which a server that stops must.
final class ServerListener: AdoptedDescriptor {
    /// Connections accepted in one go before other sockets have their turn.
    private static let batch = 64
    /// How long to wait when the process has no descriptor left, which a level-triggered loop would spin on.
    private static let shortagePause: Duration = .milliseconds(100)

    private let descriptor: Int32
    private let loop: EventLoop
    private let onAccept: (Int32) -> Void
    private let onDestroyed: () -> Void
    private var retry: LoopTimer?
    private var holds = 0

    init(
        _ descriptor: Int32,
        loop: EventLoop,
        onAccept: @escaping (Int32) -> Void,
        onDestroyed: @escaping () -> Void
    ) {
        self.descriptor = descriptor
        self.loop = loop
        self.onAccept = onAccept
        self.onDestroyed = onDestroyed
    }

    /// Leaves further connections in the kernel's queue until `resume`. Calls may nest.
    func pause() {
        holds += 1
        if holds == 1, let wsi { lws_rx_flow_control(wsi, 0) }
    }

    /// Ends one `pause`.
    func resume() {
        holds -= 1
        if holds == 0, let wsi { lws_rx_flow_control(wsi, 1) }
    }

    override func happened(
        _ reason: lws_callback_reasons,
        _ data: UnsafeMutableRawPointer?,
        _ count: Int
    ) -> Int32 {
        switch reason {
        case LWS_CALLBACK_RAW_RX_FILE: acceptBatch()
        case LWS_CALLBACK_RAW_CLOSE_FILE: forgetLibraryObject()
        default: break
        }
        return 0
    }

    override func destroyed() {
        retry?.cancel()
        retry = nil
        onDestroyed()
    }

    private func acceptBatch() {
        for _ in 0..<Self.batch where holds == 0 {
            let accepted = accept(descriptor, nil, nil)
            if accepted >= 0 {
                _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
                onAccept(accepted)
            } else if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) {
                return pauseForShortage()
            } else if errno != EINTR && errno != ECONNABORTED {
                return
            }
        }
    }

    private func pauseForShortage() {
        pause()
        let timer = loop.makeTimer { [weak self] in self?.resume() }
        timer.arm(at: loop.now + Self.shortagePause)
        retry = timer
    }
}
