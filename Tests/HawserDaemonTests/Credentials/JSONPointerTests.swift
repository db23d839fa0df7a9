import Testing

@testable import HawserDaemon

/// RFC 6901, with its own example from section 5.
@Suite("JSON pointer")
struct JSONPointerTests {
    private static let document = Array(
        #"""
        {"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8,
         "deep":{"a":[{"b":"\u0041\n"},-1.50e3,true,null]},"twice":"one","twice":"two"}
        """#.utf8
    )

    @Test(
        "Places and what stands there",
        arguments: [
            ("/foo/0", .string("bar")), ("/foo/1", .string("baz")), ("/", .number("0")), ("/a~1b", .number("1")),
            ("/c%d", .number("2")), ("/e^f", .number("3")), ("/g|h", .number("4")), ("/i\\j", .number("5")),
            ("/k\"l", .number("6")), ("/ ", .number("7")), ("/m~0n", .number("8")), ("", .other), ("/foo", .other),
            ("/deep/a/0/b", .string("A\n")), ("/deep/a/1", .number("-1.50e3")), ("/deep/a/2", .other),
            ("/deep/a/3", .other), ("/twice", .string("one")),
        ] as [(String, JSONPointer.Value)]
    )
    func places(text: String, expected: JSONPointer.Value) throws {
        #expect(try #require(JSONPointer(text)).value(in: Self.document) == expected)
    }

    @Test(
        "Nothing is there",
        arguments: [
            "/bar", "/foo/2", "/foo/-", "/foo/00", "/foo/01", "/foo/-1", "/foo/+1", "/foo/0/0", "//", "/deep/b",
        ]
    )
    func nothing(text: String) throws {
        #expect(try #require(JSONPointer(text)).value(in: Self.document) == nil)
    }

    @Test("What is no pointer", arguments: ["foo", "~", "/~", "/a~2b", "/a~", "#/foo", " /foo"])
    func noPointer(text: String) {
        #expect(JSONPointer(text) == nil)
    }

    @Test("What is no JSON has no places", arguments: ["", "{", "{\"a\":1}x", "nul"])
    func noJSON(text: String) throws {
        #expect(try #require(JSONPointer("")).value(in: Array(text.utf8)) == nil)
    }

    @Test("Scalars are texts too")
    func scalars() throws {
        let whole = try #require(JSONPointer(""))
        #expect(whole.value(in: Array(" \"x\" ".utf8)) == .string("x"))
        #expect(whole.value(in: Array("7".utf8)) == .number("7"))
    }
}
