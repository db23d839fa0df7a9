/// A Swift file as rules look at it: its lines, and its code without comments and the content of strings.
struct SwiftFile {
    let path: String
    let lines: [String]
    /// As `lines`, with comments and the content of string literals blanked.
    let codeLines: [String]
    let tokens: [Token]

    init(path: String, text: String) {
        self.path = path
        let code = CodeMask.mask(text)
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        codeLines = code.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        tokens = Token.all(in: code)
    }

    /// `Transport` for `Sources/Transport/Socket/Socket.swift`; nil for the manifest.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : nil
    }

    /// Whether it is in `Sources`.
    var isProduct: Bool { path.hasPrefix("Sources/") }

    /// Line numbers, from 1, whose code has `spelling`.
    func linesOfCode(with spelling: String) -> [Int] {
        codeLines.indices.filter { codeLines[$0].contains(spelling) }.map { $0 + 1 }
    }
}

/// A word or a single other character of the code, with its line from 1.
struct Token: Equatable {
    var text: String
    var line: Int
    /// Whether nothing stands between it and the token before.
    var joined: Bool

    /// Whether it is a name, a keyword or a number.
    var isWord: Bool {
        text.utf8.first.map(Token.isWordByte) ?? false
    }

    static func all(in code: String) -> [Token] {
        var tokens: [Token] = []
        var word: [UInt8] = []
        var line = 1
        var joined = false
        func endWord() {
            guard !word.isEmpty else { return }
            tokens.append(Token(text: String(decoding: word, as: UTF8.self), line: line, joined: joined))
            word.removeAll(keepingCapacity: true)
            joined = true
        }
        for byte in code.utf8 {
            if isWordByte(byte) {
                word.append(byte)
                continue
            }
            endWord()
            if byte == UInt8(ascii: "\n") { line += 1 }
            let isSpace = byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t")
            if !isSpace {
                tokens.append(Token(text: String(UnicodeScalar(byte)), line: line, joined: joined))
            }
            joined = !isSpace
        }
        endWord()
        return tokens
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...: true
        default: false
        }
    }
}
