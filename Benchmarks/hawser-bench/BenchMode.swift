import WebSocketProtocol

/// What the command line asks for.
enum BenchMode {
    case help
    case flood(WebSocketURL)
    case echo(Int, WebSocketURL)
    case idle(Int, WebSocketURL, stream: WebSocketURL?)
    case send(Int, size: Int, WebSocketURL)
    case dial(Int, WebSocketURL)
    case http(HTTPLoad)

    /// - Throws: what is wrong with the words.
    init(_ words: ArraySlice<String>) throws(BenchUsageError) {
        var rest = words
        guard let name = rest.popFirst() else { throw BenchUsageError("no mode is given") }
        switch name {
        case "-h", "--help", "help": self = .help
        case "flood": self = .flood(try Self.url(&rest))
        case "echo": self = .echo(try Self.number(&rest, "N"), try Self.url(&rest))
        case "idle":
            let (count, url) = (try Self.number(&rest, "N"), try Self.url(&rest))
            self = .idle(count, url, stream: rest.isEmpty ? nil : try Self.url(&rest))
        case "send":
            let (count, size) = (try Self.number(&rest, "N"), try Self.number(&rest, "SIZE"))
            self = .send(count, size: size, try Self.url(&rest))
        case "dial": self = .dial(try Self.number(&rest, "N"), try Self.url(&rest))
        case "http": self = .http(try Self.load(&rest))
        default: throw BenchUsageError("'\(name)' is no mode")
        }
        if let surplus = rest.first { throw BenchUsageError("'\(surplus)' is one word too many for \(name)") }
    }

    private static func load(_ rest: inout ArraySlice<String>) throws(BenchUsageError) -> HTTPLoad {
        guard let template = rest.popFirst() else { throw BenchUsageError("the URL is missing") }
        let (count, concurrency) = (try number(&rest, "N"), try number(&rest, "CONCURRENCY"))
        guard let version = rest.popFirst(), ["h1", "h2"].contains(version) else {
            throw BenchUsageError("the version is h1 or h2")
        }
        return HTTPLoad(template: template, count: count, concurrency: concurrency, isHTTP2: version == "h2")
    }

    private static func number(_ rest: inout ArraySlice<String>, _ name: String) throws(BenchUsageError) -> Int {
        guard let word = rest.popFirst() else { throw BenchUsageError("\(name) is missing") }
        guard let number = Int(word), number > 0 else {
            throw BenchUsageError("\(name) is a number from 1 on, not '\(word)'")
        }
        return number
    }

    private static func url(_ rest: inout ArraySlice<String>) throws(BenchUsageError) -> WebSocketURL {
        guard let word = rest.popFirst() else { throw BenchUsageError("the URL is missing") }
        do { return try WebSocketURL(word) } catch { throw BenchUsageError("\(error)") }
    }
}

/// A command line that asks for nothing that can be done.
struct BenchUsageError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
