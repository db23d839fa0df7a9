import CMemoryFile
import Glibc

/// Where journald takes entries in its native protocol: a datagram for each.
///
/// systemd holds the socket, so what is sent while journald is being restarted waits in the kernel.
final class JournalSocket: Sendable {
    /// Where journald listens.
    static let path = "/run/systemd/journal/socket"

    private let path: String
    private let descriptor: Int32

    /// - Parameter path: where journald listens.
    /// - Throws: that there is no descriptor to be had, or no room for the path in an address.
    init(path: String = JournalSocket.path) throws(SystemError) {
        guard path.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
            throw SystemError(errno: ENAMETOOLONG)
        }
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemError(errno: errno) }
        // More than the kernel's usual 208 KiB fits into one datagram; beyond it a file does.
        var size: Int32 = 8 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout.size(ofValue: size)))
    }

    deinit {
        close(descriptor)
    }

    /// Whether standard error leads to the journal: systemd names the socket that it gave (systemd.exec(5)).
    static func isStandardError(_ descriptor: Int32, environment: [String: String]) -> Bool {
        guard let named = environment["JOURNAL_STREAM"]?.split(separator: ":"), named.count == 2,
            let device = UInt64(named[0]), let inode = UInt64(named[1])
        else { return false }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return false }
        return UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }

    /// Sends an entry; waits while journald has no room for it.
    ///
    /// - Returns: zero, or the error number for which it was not sent.
    func send(_ entry: [UInt8]) -> Int32 {
        let code = transmit(entry, file: nil)
        guard code == EMSGSIZE || code == ENOBUFS else { return code }
        return sendAsFile(entry)
    }

    /// An entry that is too large for a datagram goes as a sealed file in memory, of which journald gets a descriptor.
    private func sendAsFile(_ entry: [UInt8]) -> Int32 {
        let file = memfd_create("hawser-log", UInt32(HAWSER_MEMFD_CLOEXEC | HAWSER_MEMFD_ALLOW_SEALING))
        guard file >= 0 else { return errno }
        defer { close(file) }
        let code = LogStream.writeAll(entry, to: file)
        guard code == 0 else { return code }
        // journald maps it, so nobody may change it.
        let seals = HAWSER_SEAL_SEAL | HAWSER_SEAL_SHRINK | HAWSER_SEAL_GROW | HAWSER_SEAL_WRITE
        guard fcntl(file, Int32(HAWSER_ADD_SEALS), Int32(seals)) == 0 else { return errno }
        return transmit([], file: file)
    }

    private func transmit(_ bytes: [UInt8], file: Int32?) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        var control = DescriptorMessage(file ?? -1)
        return bytes.withUnsafeBytes { content in
            withUnsafeMutableBytes(of: &address) { address in
                withUnsafeMutableBytes(of: &control) { control in
                    var piece = iovec(iov_base: .init(mutating: content.baseAddress), iov_len: content.count)
                    return withUnsafeMutablePointer(to: &piece) { piece in
                        var message = msghdr()
                        message.msg_name = address.baseAddress
                        message.msg_namelen = socklen_t(address.count)
                        message.msg_iov = piece
                        message.msg_iovlen = 1
                        if file != nil {
                            message.msg_control = control.baseAddress
                            message.msg_controllen = control.count
                        }
                        return Self.send(&message, on: descriptor)
                    }
                }
            }
        }
    }

    private static func send(_ message: inout msghdr, on descriptor: Int32) -> Int32 {
        while true {
            if sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL)) >= 0 { return 0 }
            if errno != EINTR { return errno }
        }
    }
}

/// A descriptor in a control message, laid out as cmsg(3) has it for 64 bits.
private struct DescriptorMessage {
    private let length: UInt
    private let level = SOL_SOCKET
    private let type = Int32(SCM_RIGHTS)
    private let descriptor: Int32
    private let padding: Int32 = 0

    init(_ descriptor: Int32) {
        // The head's 16 bytes and the descriptor's four; the padding does not count.
        length = 20
        self.descriptor = descriptor
    }
}
