/// What the kernel knows of TCP connections, from /proc/net.
enum TCPTable {
    /// How many sockets of this machine are connected to `port` of one of its loopback addresses and have neither sent
    /// nor received FIN or RST: the clients' own view, which changes with their system calls and not when packets arrive.
    static func clients(connectedTo port: UInt16) -> Int {
        ["/proc/net/tcp", "/proc/net/tcp6"].reduce(0) { $0 + count(fileText($1) ?? "", port) }
    }

    /// Lines are `  1: 0100007F:1F90 0100007F:D431 01 …`: number, local address, remote address, state (1: established).
    private static func count(_ table: String, _ port: UInt16) -> Int {
        let wanted = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - wanted.count) + wanted
        return table.split(separator: "\n").dropFirst().count { line in
            let columns = line.split(separator: " ", maxSplits: 4)
            return columns.count > 3 && columns[2].hasSuffix(suffix) && columns[3] == "01"
        }
    }
}
