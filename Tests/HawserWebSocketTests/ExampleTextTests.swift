import TestSupport
import Testing

/// The examples of the documentation are those that `ExampleTests` compiles and runs.
@Suite struct ExampleTextTests {
    @Test("Every example in an article, a comment or the README is compiled and run, line by line")
    func examples() throws {
        let examples = try DocumentedExamples(
            of: "HawserWebSocket",
            compiledIn: ["ExampleTests.swift"],
            replacing: [("\"wss://feed.example/ws\"", "url")]
        )
        for example in examples.all {
            let isCompiled = examples.isCompiled(example)
            #expect(isCompiled, "\(example.file):\(example.text)")
        }
        #expect(examples.all.contains { $0.file == "README.md" })
        #expect(examples.all.filter { $0.file != "README.md" }.count >= 20)
    }

    @Test("Examples are found in articles and in comments")
    func recognition() {
        let lines = [
            "text", "```swift", "a {", "    b", "}", "```", "/// ```swift", "/// c", "/// ```", "```sh", "d", "```",
        ]
        #expect(DocumentedExamples.examples(in: lines) == [["a {", "    b", "}"], ["c"]])
        #expect(DocumentedExamples.normalized(["a {", "    b", "}"]) == "\na {\nb\n}\n")
        #expect(DocumentedExamples.normalized(["a(x)"], [("x", "y")]) == "\na(y)\n")
    }
}
