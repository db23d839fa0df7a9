import Glibc
import TestSupport

/// A socket that takes journald's native protocol as systemd describes it, datagrams and files in memory.
final class JournalReceiver {
    /// A field: its name and the bytes of its value.
    typealias Fields = [(name: String, value: [UInt8])]

    struct Malformed: Error {
        let datagram: [UInt8]
    }

    private let descriptor: Int32

    /// Listens at `path`.
    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard descriptor >= 0, status == 0 else { throw SystemCallError("bind \(path)") }
    }

    deinit {
        close(descriptor)
    }

    /// The next entry, which must come within ten seconds; with whether it came as a file.
    func receive() throws -> (fields: Fields, isFile: Bool) {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, 10_000) == 1 else { throw NeverHappened(what: "an entry", limit: .seconds(10)) }
        var file: Int32 = -1
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var control = [UInt64](repeating: 0, count: 8)
        let count = bytes.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var piece = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &piece) { piece in
                    var message = msghdr()
                    message.msg_iov = piece
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    let count = recvmsg(descriptor, &message, 0)
                    if message.msg_controllen > 0 { file = control.load(fromByteOffset: 16, as: Int32.self) }
                    return count
                }
            }
        }
        guard count >= 0 else { throw SystemCallError("recvmsg") }
        guard file >= 0 else { return (try Self.fields(of: bytes[..<count]), false) }
        defer { close(file) }
        // F_GET_SEALS; all four: nobody can change it any more.
        guard count == 0, fcntl(file, 1034, 0) == 15 else { throw Malformed(datagram: []) }
        return (try Self.fields(of: Self.content(of: file)[...]), true)
    }

    private static func content(of file: Int32) throws -> [UInt8] {
        var status = stat()
        guard fstat(file, &status) == 0 else { throw SystemCallError("fstat") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        guard pread(file, &bytes, bytes.count, 0) == bytes.count else { throw SystemCallError("pread") }
        return bytes
    }

    static func fields(of datagram: ArraySlice<UInt8>) throws -> Fields {
        var rest = datagram
        var fields: Fields = []
        while let end = rest.firstIndex(where: { $0 == 0x0A || $0 == UInt8(ascii: "=") }) {
            let name = String(decoding: rest[..<end], as: UTF8.self)
            let isCounted = rest[end] == 0x0A
            rest = rest[(end + 1)...]
            var length = rest.firstIndex(of: 0x0A).map { $0 - rest.startIndex } ?? -1
            if isCounted {
                guard rest.count >= 8 else { throw Malformed(datagram: Array(datagram)) }
                length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(8)
            }
            guard length >= 0, rest.count > length, rest[rest.startIndex + length] == 0x0A else {
                throw Malformed(datagram: Array(datagram))
            }
            fields.append((name, Array(rest.prefix(length))))
            rest = rest.dropFirst(length + 1)
        }
        guard rest.isEmpty else { throw Malformed(datagram: Array(datagram)) }
        return fields
    }
}
