/// What `hawser mock` serves, as its front page says it.
enum MockPage {
    /// One path.
    struct Entry {
        let path: String
        let methods: String
        let words: String
    }

    /// Every path.
    static let entries: [Entry] = [
        Entry("/", "GET", "this list; as JSON if Accept says so"),
        Entry("/user/{id}", "GET", "{\"id\": ID}"),
        Entry("/status/{code}", "any", "that status, 200 to 599"),
        Entry("/delay/{ms}", "any", "an answer after so many milliseconds, at most 600000"),
        Entry("/bytes/{n}", "GET", "n bytes, at most 64 GiB; byte i is i modulo 251"),
        Entry("/stream/{n}", "GET", "n JSON lines, a chunk each; ?every=MS apart"),
        Entry("/redirect/{n}", "any", "n redirects, at most 1000; ?status=301|302|303|307|308, ?to=URL at their end"),
        Entry("/echo", "any", "method, target, fields and content as JSON; ?content=count only counts the content"),
        Entry("/flaky/{n}", "any", "503 n times, then 200 for good; counted for each n and ?key="),
        Entry(
            "/retry-after/{s}",
            "any",
            "429 with Retry-After: s, then 200 for s seconds and a minute; per client and ?key="
        ),
        Entry("/ws/echo", "WebSocket", "sends every message back"),
        Entry("/ws/ticker", "WebSocket", "numbered messages, ?rate=10 a second"),
        Entry("/ws/silent", "WebSocket", "sends nothing; answers Pings"),
        Entry(
            "/ws/drop",
            "WebSocket",
            "a ticker that is cut, without a Close: ?after=N messages or ?after=500ms or 3s"
        ),
    ]

    /// For a person.
    static func text(_ limits: MockLimits) -> String {
        let rows = entries.map { "\(padded($0.path, 18))\(padded($0.methods, 11))\($0.words)" }
        return "hawser mock: a server to test clients against\n\n" + rows.joined(separator: "\n") + "\n\n"
            + "Limits: \(limits.connections) connections, \(limits.echoedContent) bytes of echoed content, "
            + "WebSocket messages of \(ServerConnection.messageLimit) bytes.\n"
    }

    /// For a program.
    static func json(_ limits: MockLimits) -> String {
        let rows = entries.map { entry in
            "{\"path\":\(JSONQuoting.quoted(entry.path)),\"methods\":\(JSONQuoting.quoted(entry.methods)),"
                + "\"about\":\(JSONQuoting.quoted(entry.words))}"
        }
        return "{\"paths\":[\(rows.joined(separator: ","))],\"limits\":{\"connections\":\(limits.connections),"
            + "\"echoed_content\":\(limits.echoedContent),\"message\":\(ServerConnection.messageLimit)}}"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }
}

extension MockPage.Entry {
    fileprivate init(_ path: String, _ methods: String, _ words: String) {
        self.init(path: path, methods: methods, words: words)
    }
}
