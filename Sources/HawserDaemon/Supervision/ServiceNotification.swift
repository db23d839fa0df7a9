import Glibc
import MonotonicTime

/// Tells systemd what the service is doing, by the datagram protocol of sd_notify(3). Silent when nobody listens.
public struct ServiceNotification: Sendable {
    /// What systemd is told.
    public enum Message: Sendable, Hashable {
        /// Start-up is finished.
        case ready
        /// A reload began, at this instant of `CLOCK_MONOTONIC`; `ready` ends it, however it went.
        case reloading(Instant)
        /// Shutdown began.
        case stopping
        /// One line for `systemctl status`.
        case status(String)
        /// A sign of life for the watchdog.
        case watchdog
        /// The watchdog is to act now.
        case watchdogTrigger

        var assignment: String {
            switch self {
            case .ready: "READY=1"
            case .reloading(let now): "RELOADING=1\nMONOTONIC_USEC=\(now.nanoseconds / 1_000)"
            case .stopping: "STOPPING=1"
            case .watchdog: "WATCHDOG=1"
            case .watchdogTrigger: "WATCHDOG=trigger"
            case .status(let text): "STATUS=" + text.split(separator: "\n").joined(separator: " ")
            }
        }
    }

    private let path: String?
    /// How long systemd waits for a sign of life; nil if it does not watch this process.
    let watchdogTimeout: Duration?

    /// A notifier to the socket that `NOTIFY_SOCKET` names; a leading `@` means the abstract namespace.
    public init(environment: [String: String]) {
        watchdogTimeout = Watchdog.timeout(in: environment)
        path = environment["NOTIFY_SOCKET"].flatMap { $0.hasPrefix("/") || $0.hasPrefix("@") ? $0 : nil }
    }

    /// Sends `messages` in one datagram. A failure is ignored: the service works without being watched.
    public func send(_ messages: Message...) {
        guard let path else { return }
        let text = messages.map(\.assignment).joined(separator: "\n")
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                Array(text.utf8).withUnsafeBytes { bytes in
                    _ = sendto(
                        descriptor,
                        bytes.baseAddress,
                        bytes.count,
                        Int32(MSG_NOSIGNAL | MSG_DONTWAIT),
                        generic,
                        length
                    )
                }
            }
        }
    }
}
