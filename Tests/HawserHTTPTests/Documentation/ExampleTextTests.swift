import TestSupport
import Testing

/// The examples of the documentation are those that the suites beside this one compile and run.
@Suite("HTTP documentation: its text")
struct ExampleTextTests {
    @Test("every example in an article, a comment or the README is compiled and run, line by line")
    func examples() throws {
        let files = ["FromPython", "Pool", "Stream", "Retry"].map { "Documentation/\($0)ExampleTests.swift" }
        let examples = try DocumentedExamples(
            of: "HawserHTTP",
            compiledIn: files,
            replacing: [("https://api.example/", #"\(api)/"#)]
        )
        for example in examples.all {
            let isCompiled = examples.isCompiled(example)
            #expect(isCompiled, "\(example.file):\(example.text)")
        }
        #expect(examples.all.contains { $0.file == "README.md" })
        #expect(examples.all.filter { $0.file != "README.md" }.count >= 30)
    }
}
