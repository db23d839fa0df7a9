/// Recognises places where people write secrets, by the words around them.
///
/// The second line of defence: what the reader understood is covered exactly, by position. This covers what it could
/// not understand, such as a value below a misspelt key, or a line that is not YAML.
enum SensitiveText {
    /// Words that announce a secret, in a key, a header's name or a query parameter.
    private static let words = [
        "authorization", "token", "secret", "password", "passwd", "passphrase", "cookie", "bearer", "credential",
        "api-key", "apikey", "api_key", "x-key", "signature", "access-key", "access_key",
    ]
    /// Words that announce a secret only if they are the whole name.
    private static let wholeWords: Set<String> = ["auth", "sig", "key", "pwd", "jwt", "pass"]

    /// What gives a line its shape and no secret its content.
    private static let shape: Set<Unicode.Scalar> = [" ", "\t", "\"", "'", "{", "}", "[", "]", ":", ",", "#"]

    /// Whether `name` is what people call something secret.
    static func isSecretName(_ name: String) -> Bool {
        let lower = name.lowercased()
        if wholeWords.contains(lower) { return true }
        return words.contains { firstRange(of: Array($0.utf8), in: Array(lower.utf8)[...]) != nil }
    }

    /// Replaces by `*` whatever follows a word that announces a secret, and the userinfo and the query of a URL.
    ///
    /// References such as `${env:TOKEN}` stay: they name a secret without telling it.
    ///
    /// - Parameter understood: what the reader has judged already, by index; words there say nothing new.
    static func cover(_ line: inout [Unicode.Scalar], understood: (Int) -> Bool = { _ in false }) {
        let reference = referenceMask(line)
        let bytes = line.map { $0.isASCII ? UInt8(ascii: $0) | ($0.properties.isUppercase ? 0x20 : 0) : 0 }
        for word in words {
            var rest = bytes[...]
            while let found = firstRange(of: Array(word.utf8), in: rest) {
                rest = bytes[found.upperBound...]
                guard !reference[found.lowerBound], !understood(found.lowerBound) else { continue }
                let separators: Set<Unicode.Scalar> = [":", "=", " "]
                guard let separator = line[found.upperBound...].firstIndex(where: separators.contains) else { break }
                cover(&line, separator..<line.count, except: reference)
                break
            }
        }
        guard let scheme = firstRange(of: Array("://".utf8), in: bytes[...]), !understood(scheme.lowerBound) else {
            return
        }
        let rest = line[scheme.upperBound...]
        let end = rest.firstIndex { $0 == "/" || $0 == " " } ?? line.endIndex
        if let at = rest[..<end].lastIndex(of: "@") { cover(&line, scheme.upperBound..<at, except: reference) }
        guard let query = line[scheme.upperBound...].firstIndex(of: "?") else { return }
        let stop = line[query...].firstIndex { $0 == " " || $0 == "\"" || $0 == "'" } ?? line.endIndex
        cover(&line, (query + 1)..<stop, except: reference)
    }

    private static func cover(_ line: inout [Unicode.Scalar], _ range: Range<Int>, except reference: [Bool]) {
        for index in range where !reference[index] && !shape.contains(line[index]) && line[index] != "=" {
            line[index] = "*"
        }
    }

    /// Which columns of `line` belong to a `${...}`.
    static func referenceMask(_ line: [Unicode.Scalar]) -> [Bool] {
        var mask = [Bool](repeating: false, count: line.count)
        var index = 0
        while index + 1 < line.count {
            guard line[index] == "$", line[index + 1] == "{", let end = line[index...].firstIndex(of: "}") else {
                index += 1
                continue
            }
            for column in index...end { mask[column] = true }
            index = end + 1
        }
        return mask
    }

    private static func firstRange(of word: [UInt8], in text: ArraySlice<UInt8>) -> Range<Int>? {
        guard text.count >= word.count else { return nil }
        for start in text.startIndex...(text.endIndex - word.count)
        where text[start..<(start + word.count)].elementsEqual(word) {
            return start..<(start + word.count)
        }
        return nil
    }
}
