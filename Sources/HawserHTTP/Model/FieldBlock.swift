import WebSocketProtocol

/// The field lines of a head as they came: read only when somebody asks, which for most answers nobody does.
struct FieldBlock: Sendable, Hashable {
    /// Lines without their ends, each with a line feed behind it.
    private var bytes: [UInt8] = []

    init() {}

    init(_ fields: HTTPFields) {
        for line in fields.lines { bytes += Array("\(line.name): \(line.value)\n".utf8) }
    }

    /// Adds a line without its end.
    mutating func append(_ line: UnsafeRawBufferPointer) {
        if bytes.isEmpty { bytes.reserveCapacity(512) }
        bytes.append(contentsOf: line)
        bytes.append(0x0A)
    }

    /// The lines that have a colon.
    var fields: HTTPFields {
        bytes.withUnsafeBytes { bytes in
            HTTPFields(
                bytes.split(separator: 0x0A).compactMap { line in
                    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
                    let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
                    return HTTPFields.Line(
                        name: String(decoding: name, as: UTF8.self),
                        value: Self.value(UnsafeRawBufferPointer(rebasing: line[(colon + 1)...]))
                    )
                }
            )
        }
    }

    /// The text without the blanks around it.
    static func value(_ bytes: UnsafeRawBufferPointer) -> String {
        var rest = bytes[...]
        while let first = rest.first, first == 0x20 || first == 0x09 { rest.removeFirst() }
        while let last = rest.last, last == 0x20 || last == 0x09 { rest.removeLast() }
        return String(decoding: UnsafeRawBufferPointer(rebasing: rest), as: UTF8.self)
    }
}
