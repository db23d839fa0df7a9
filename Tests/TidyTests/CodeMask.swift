/// Blanks comments and the content of string literals, so that rules see code only. Line breaks and quotes stay, and
/// so does the code inside interpolations.
struct CodeMask {
    private enum Context {
        /// Code; inside an interpolation, how many parentheses are open in it.
        case code(parentheses: Int, interpolated: Bool)
        case string(multiline: Bool, hashes: Int)
    }

    private let input: [UInt8]
    private var output: [UInt8] = []
    private var position = 0
    private var contexts: [Context] = [.code(parentheses: 0, interpolated: false)]

    /// `text` with everything but code blanked.
    static func mask(_ text: String) -> String {
        var mask = CodeMask(input: Array(text.utf8))
        mask.run()
        return String(decoding: mask.output, as: UTF8.self)
    }

    private init(input: [UInt8]) {
        self.input = input
        output.reserveCapacity(input.count)
    }

    private mutating func run() {
        while position < input.count, let context = contexts.last {
            switch context {
            case .code(let parentheses, let interpolated): code(parentheses, interpolated)
            case .string(let multiline, let hashes): string(multiline, hashes)
            }
        }
    }

    private mutating func code(_ parentheses: Int, _ interpolated: Bool) {
        switch input[position] {
        case UInt8(ascii: "/") where at("//"):
            while position < input.count, input[position] != UInt8(ascii: "\n") { blank(1) }
        case UInt8(ascii: "/") where at("/*"):
            blockComment()
        case UInt8(ascii: "\""), UInt8(ascii: "#"):
            guard let hashes = stringOpening() else { return keep(1) }
            keep(hashes)
            let multiline = at("\"\"\"")
            keep(multiline ? 3 : 1)
            contexts.append(.string(multiline: multiline, hashes: hashes))
        case UInt8(ascii: "("):
            contexts[contexts.count - 1] = .code(parentheses: parentheses + 1, interpolated: interpolated)
            keep(1)
        case UInt8(ascii: ")") where interpolated && parentheses == 0:
            contexts.removeLast()
            blank(1)
        case UInt8(ascii: ")"):
            contexts[contexts.count - 1] = .code(parentheses: parentheses - 1, interpolated: interpolated)
            keep(1)
        default:
            keep(1)
        }
    }

    private mutating func string(_ multiline: Bool, _ hashes: Int) {
        let marks = hashes == 0 ? "" : String(repeating: "#", count: hashes)
        switch input[position] {
        case UInt8(ascii: "\"") where at((multiline ? "\"\"\"" : "\"") + marks):
            keep((multiline ? 3 : 1) + hashes)
            contexts.removeLast()
        case UInt8(ascii: "\\") where at("\\" + marks + "("):
            blank(hashes + 2)
            contexts.append(.code(parentheses: 0, interpolated: true))
        case UInt8(ascii: "\\") where at("\\" + marks):
            blank(hashes + 2)
        case UInt8(ascii: "\n") where !multiline:
            // An unfinished literal: a file that does not compile must not blank the rest of itself.
            keep(1)
            contexts.removeLast()
        default:
            blank(1)
        }
    }

    /// Block comments nest.
    private mutating func blockComment() {
        var depth = 0
        repeat {
            if at("/*") {
                depth += 1
                blank(2)
            } else if at("*/") {
                depth -= 1
                blank(2)
            } else {
                blank(1)
            }
        } while depth > 0 && position < input.count
    }

    /// The number of `#` before a quote that begins a literal here; nil if none begins.
    private func stringOpening() -> Int? {
        var hashes = 0
        while position + hashes < input.count, input[position + hashes] == UInt8(ascii: "#") { hashes += 1 }
        guard position + hashes < input.count, input[position + hashes] == UInt8(ascii: "\"") else { return nil }
        return hashes
    }

    private func at(_ text: String) -> Bool {
        let bytes = text.utf8
        guard position + bytes.count <= input.count else { return false }
        return zip(bytes, input[position...]).allSatisfy { $0 == $1 }
    }

    private mutating func keep(_ count: Int) {
        for _ in 0..<count where position < input.count {
            output.append(input[position])
            position += 1
        }
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where position < input.count {
            output.append(input[position] == UInt8(ascii: "\n") ? UInt8(ascii: "\n") : UInt8(ascii: " "))
            position += 1
        }
    }
}
