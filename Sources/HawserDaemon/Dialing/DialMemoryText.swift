import CZlib
import ConnectionLifecycle
import MonotonicTime

/// The text of the file `dials` in the state directory: what the dial gate remembers, and the clocks when it was
/// written. Lines of words, the last one with the checksum of all before it, so that a torn file is known as one.
///
///     hawser-dials 1
///     clock BOOT MONOTONIC WALL
///     full INSTANT|-
///     host NAME RUNNING HELD-UNTIL|-
///     INSTANT
///     end CRC32
///
/// Instants are nanoseconds of the monotonic clock. Bytes of a name that are no printable ASCII, and `%`, are escaped as
/// in a URL.
enum DialMemoryText {
    /// A larger file is none of ours.
    static let maximumBytes = 64 << 20
    private static let magic = "hawser-dials 1"

    /// The bytes of the file.
    static func encode(_ memory: DialMemory, at clock: DialMemory.Clock) -> [UInt8] {
        var text = "\(magic)\nclock \(escaped(clock.boot)) \(clock.monotonic.nanoseconds) \(clock.wall)\n"
        text += "full \(word(memory.assumedFull))\n"
        for host in memory.hosts {
            text += "host \(escaped(host.name)) \(host.running) \(word(host.heldUntil))\n"
            for end in host.ends { text += "\(end.nanoseconds)\n" }
        }
        let bytes = Array(text.utf8)
        return bytes + Array("end \(checksum(bytes[...]))\n".utf8)
    }

    /// What the bytes say; nil if they are not, to the last one, what `encode` writes.
    static func decode(_ bytes: [UInt8]) -> (memory: DialMemory, clock: DialMemory.Clock)? {
        guard bytes.count <= maximumBytes, bytes.last == UInt8(ascii: "\n"),
            let lastBreak = bytes.dropLast().lastIndex(of: UInt8(ascii: "\n")),
            String(decoding: bytes[(lastBreak + 1)...], as: UTF8.self) == "end \(checksum(bytes[...lastBreak]))\n",
            let text = String(validating: bytes[..<lastBreak], as: UTF8.self)
        else { return nil }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst().map(String.init) == magic,
            let clock = lines.popFirst().flatMap(readClock),
            let full = lines.popFirst().flatMap({ words($0, "full", 1) }),
            let assumedFull = readInstant(full[0])
        else { return nil }
        var memory = DialMemory(assumedFull: assumedFull.value)
        for line in lines {
            if let words = words(line, "host", 3) {
                guard let name = unescaped(words[0]), let running = Int(words[1]), running >= 0,
                    let until = readInstant(words[2])
                else { return nil }
                memory.hosts.append(DialMemory.Host(name: name, running: running, heldUntil: until.value))
            } else {
                guard !memory.hosts.isEmpty, let end = Int64(line) else { return nil }
                memory.hosts[memory.hosts.count - 1].ends.append(Instant(nanoseconds: end))
            }
        }
        return (memory, clock)
    }

    // MARK: Words

    private static func readClock(_ line: Substring) -> DialMemory.Clock? {
        guard let words = words(line, "clock", 3), let boot = unescaped(words[0]),
            let monotonic = Int64(words[1]), let wall = Int64(words[2])
        else { return nil }
        return DialMemory.Clock(boot: boot, monotonic: Instant(nanoseconds: monotonic), wall: wall)
    }

    private static func words(_ line: Substring, _ first: String, _ count: Int) -> [Substring]? {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        return words.count == count + 1 && words[0] == first ? Array(words.dropFirst()) : nil
    }

    private static func word(_ instant: Instant?) -> String {
        instant.map { "\($0.nanoseconds)" } ?? "-"
    }

    /// An instant, or that there is none; nil if it is neither.
    private static func readInstant(_ word: Substring) -> (value: Instant?, Void)? {
        if word == "-" { return (nil, ()) }
        return Int64(word).map { (Instant(nanoseconds: $0), ()) }
    }

    private static func escaped(_ text: String) -> String {
        guard !text.isEmpty else { return "-" }
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if (0x21...0x7E).contains(byte), byte != UInt8(ascii: "%"), text != "-" {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unescaped(_ word: Substring) -> String? {
        if word == "-" { return "" }
        var bytes: [UInt8] = []
        var rest = word.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(Substring(rest.prefix(2)), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>) -> String {
        let sum = bytes.withUnsafeBytes { buffer in
            crc32_z(0, buffer.bindMemory(to: UInt8.self).baseAddress, buffer.count)
        }
        return String(sum, radix: 16)
    }
}
