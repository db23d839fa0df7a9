import MonotonicTime

/// Writes the members of a JSON object, one behind the other, without its braces.
struct JSONMembers: ~Copyable {
    private var buffer: LineBuffer
    private var isFirst: Bool

    /// - Parameter isContinued: whether other members stand in front of these: the first one then begins with a comma.
    init(isContinued: Bool = false, capacity: Int = 1024) {
        buffer = LineBuffer(capacity: capacity)
        isFirst = !isContinued
    }

    mutating func text(_ name: String, _ value: String) {
        key(name)
        string(value)
    }

    mutating func number(_ name: String, _ value: Int) {
        key(name)
        if value < 0 { buffer.append("-") }
        buffer.append(decimal: UInt64(value.magnitude))
    }

    mutating func truth(_ name: String, _ value: Bool) {
        key(name)
        buffer.append(value ? "true" : "false")
    }

    /// A number between 0 and 1 with six digits behind the point, cut and not rounded; what is none counts as 0.
    mutating func share(_ name: String, _ value: Double) {
        key(name)
        let millionths = value > 0 ? UInt64(min(value, 1) * 1_000_000) : 0
        buffer.append(decimal: millionths / 1_000_000)
        buffer.append(".")
        let digits = String(millionths % 1_000_000)
        for _ in digits.utf8.count..<6 { buffer.append("0") }
        JSONString.append(digits, to: &buffer)
    }

    /// An object, whose members `body` writes.
    mutating func object(_ name: String, _ body: (inout JSONMembers) -> Void) {
        key(name)
        buffer.append("{")
        isFirst = true
        body(&self)
        buffer.append("}")
        isFirst = false
    }

    /// A list of objects, whose members `body` writes.
    mutating func objects<Item>(_ name: String, _ items: [Item], _ body: (inout JSONMembers, Item) -> Void) {
        key(name)
        buffer.append("[")
        for (index, item) in items.enumerated() {
            buffer.append(index == 0 ? "{" : ",{")
            isFirst = true
            body(&self, item)
            buffer.append("}")
        }
        buffer.append("]")
        isFirst = false
    }

    /// A list of texts.
    mutating func texts(_ name: String, _ texts: [String]) {
        key(name)
        buffer.append("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { buffer.append(",") }
            string(text)
        }
        buffer.append("]")
    }

    /// A value that is JSON already.
    mutating func json(_ name: String, _ bytes: [UInt8]) {
        key(name)
        bytes.withUnsafeBytes { buffer.append($0) }
    }

    /// An object of numbers, in the order of their names.
    mutating func counts(_ name: String, _ counts: [(name: String, count: Int)]) {
        object(name) { members in
            for (name, count) in counts.sorted(by: { $0.name < $1.name }) { members.number(name, count) }
        }
    }

    /// A duration in milliseconds with three digits behind the point.
    mutating func milliseconds(_ name: String, _ duration: Duration) {
        key(name)
        let microseconds = UInt64(clamping: max(0, duration.saturatedNanoseconds) / 1000)
        buffer.append(decimal: microseconds / 1000)
        buffer.append(".")
        let rest = microseconds % 1000
        buffer.append(rest < 10 ? "00" : rest < 100 ? "0" : "")
        buffer.append(decimal: rest)
    }

    /// A list of pairs of texts.
    mutating func pairs(_ name: String, _ pairs: [(String, String)]) {
        key(name)
        buffer.append("[")
        for (index, pair) in pairs.enumerated() {
            buffer.append(index == 0 ? "[" : ",[")
            string(pair.0)
            buffer.append(",")
            string(pair.1)
            buffer.append("]")
        }
        buffer.append("]")
    }

    /// Bytes as `text` if they are UTF-8, else as `base64`; as `json` if `isJSON` says that they are meant to be, and they
    /// are.
    mutating func content(_ bytes: [UInt8], isJSON: Bool) {
        let isText = String(validating: bytes, as: UTF8.self) != nil
        bytes.withUnsafeBytes { bytes in
            let form = isJSON && isText ? JSONText.form(of: bytes) : .invalid
            switch form {
            case .oneLine:
                key("json")
                buffer.append(bytes)
            case .severalLines:
                key("json")
                JSONText.appendMinified(bytes, to: &buffer)
            case .invalid:
                key(isText ? "text" : "base64")
                buffer.append("\"")
                if isText { JSONString.append(bytes, to: &buffer) } else { Base64.append(bytes, to: &buffer) }
                buffer.append("\"")
            }
        }
    }

    private mutating func key(_ name: String) {
        if !isFirst { buffer.append(",") }
        isFirst = false
        string(name)
        buffer.append(":")
    }

    private mutating func string(_ value: String) {
        buffer.append("\"")
        JSONString.append(value, to: &buffer)
        buffer.append("\"")
    }

    /// What was written, as a line with an object and nothing else.
    consuming func line() -> [UInt8] {
        Array("{".utf8) + encoded() + Array("}\n".utf8)
    }

    /// What was written.
    consuming func encoded() -> [UInt8] {
        buffer.withBytes { Array($0) }
    }
}
