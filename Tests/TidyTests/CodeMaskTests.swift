import Testing

/// The rules are as good as what they look at.
@Suite("Code without comments and strings")
struct CodeMaskTests {
    @Test(
        "comments and strings are blanked, code and line breaks stay",
        arguments: [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            (#"x = "try!" + y"#, #"x = "    " + y"#),
            (##"x = #"a"b"# + y"##, ##"x = #"   "# + y"##),
            (#"x = "a\"b" + y"#, #"x = "    " + y"#),
            (#"x = "a\(f("b"))c""#, #"x = "   f(" ")  ""#),
            ("x = \"\"\"\n  \"a\" {\n  \"\"\" + y", "x = \"\"\"\n       \n  \"\"\" + y"),
            ("\"unfinished\nlet a = 1", "\"          \nlet a = 1"),
        ]
    )
    func masks(_ text: String, _ expected: String) {
        #expect(CodeMask.mask(text) == expected)
    }

    @Test("words and other characters become tokens with their lines")
    func tokens() {
        let tokens = Token.all(in: "try! f(\n  as_! )")
        #expect(tokens.map(\.text) == ["try", "!", "f", "(", "as_", "!", ")"])
        #expect(tokens.map(\.line) == [1, 1, 1, 1, 2, 2, 2])
        #expect(tokens.map(\.joined) == [false, true, false, true, false, true, false])
    }
}
