/// The raw values of an enum of strings, read from its source.
struct RawValues {
    var names: [(raw: String, caseName: String)]

    /// Those of `enumName`, wherever in Sources it is declared; nil if it is not.
    static func of(_ enumName: String) -> RawValues? {
        for file in Repository.swiftFiles where file.isProduct {
            if let values = RawValues(of: enumName, in: file) { return values }
        }
        return nil
    }

    /// Those of `enumName` if `file` declares it.
    init?(of enumName: String, in file: SwiftFile) {
        let tokens = file.tokens
        guard
            let start = tokens.indices.dropLast().first(where: {
                tokens[$0].text == "enum" && tokens[$0 + 1].text == enumName
            })
        else { return nil }
        names = []
        var depth = 0
        var index = start
        while index < tokens.count {
            if tokens[index].text == "{" { depth += 1 }
            if tokens[index].text == "}" {
                depth -= 1
                if depth == 0 { break }
            }
            if depth == 1, tokens[index].text == "case" {
                names += RawValues.cases(of: file.lines[tokens[index].line - 1])
            }
            index += 1
        }
    }

    /// The cases of a line such as `case a, b = "c"`.
    private static func cases(of line: String) -> [(raw: String, caseName: String)] {
        let code = line.split(separator: "//").first ?? ""
        let list = code.drop { $0 == " " }.dropFirst("case ".count)
        return list.split(separator: ",").compactMap { item in
            let sides = item.split(separator: "=").map { side in
                String(side.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
            }
            guard let name = sides.first?.filter({ $0 != "`" }), !name.isEmpty else { return nil }
            return (sides.count > 1 ? sides[1].filter { $0 != "\"" } : name, name)
        }
    }
}
