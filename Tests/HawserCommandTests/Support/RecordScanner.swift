import Glibc

/// A message record of exactly the documented shape, `{"time":"…","run":"…","sub":"…","session":S,"seq":Q,"json":{"n":N…}}`.
///
/// Read with memchr and memcmp: a million lines must take seconds in a build without optimisation. Whatever deviates by
/// a byte is not read, and left to a real JSON parser.
struct NumberedRecord: Hashable, Sendable {
    var run: String
    var subscription: String
    var session: Int
    var sequence: Int
    var number: Int

    /// Nil if `line`, without its line break, has another shape.
    init?(_ line: UnsafeRawBufferPointer) {
        var scanner = RecordScanner(line)
        guard scanner.skip(#"{"time":""#), scanner.text()?.utf8.count == 30, scanner.skip(#","run":""#),
            let run = scanner.text(), scanner.skip(#","sub":""#), let subscription = scanner.text(),
            scanner.skip(#","session":"#), let session = scanner.number(), scanner.skip(#","seq":"#),
            let sequence = scanner.number(), scanner.skip(#","json":{"n":"#), let number = scanner.number()
        else { return nil }
        if scanner.skip(#","pad":""#), scanner.text() == nil { return nil }
        guard scanner.skip("}}"), scanner.isAtEnd else { return nil }
        self.run = run
        self.subscription = subscription
        self.session = session
        self.sequence = sequence
        self.number = number
    }
}

/// A position in a line.
private struct RecordScanner {
    private let line: UnsafeRawBufferPointer
    private var position = 0

    init(_ line: UnsafeRawBufferPointer) {
        self.line = line
    }

    var isAtEnd: Bool { position == line.count }

    mutating func skip(_ expected: StaticString) -> Bool {
        let count = expected.utf8CodeUnitCount
        guard line.count - position >= count, let base = line.baseAddress,
            memcmp(base + position, expected.utf8Start, count) == 0
        else { return false }
        position += count
        return true
    }

    /// Up to the next quote, which is consumed; nil if an escape stands in it.
    mutating func text() -> String? {
        guard let base = line.baseAddress, let end = memchr(base + position, 0x22, line.count - position) else {
            return nil
        }
        let length = UnsafeRawPointer(end) - (base + position)
        guard memchr(base + position, 0x5C, length) == nil else { return nil }
        defer { position += length + 1 }
        return String(decoding: UnsafeRawBufferPointer(rebasing: line[position..<position + length]), as: UTF8.self)
    }

    mutating func number() -> Int? {
        let start = position
        var value = 0
        while position < line.count, position - start < 18 {
            let digit = Int(line[position]) - 48
            guard 0...9 ~= digit else { break }
            value = value * 10 + digit
            position += 1
        }
        return position > start ? value : nil
    }
}
