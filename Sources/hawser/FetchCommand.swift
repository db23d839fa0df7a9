import ArgumentParser
import Foundation
import HawserDaemon
import HawserHTTP

/// `hawser fetch`: REST calls by hand, one or many.
struct FetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Make a REST call, or many.",
        discussion: """
            The content of the answer goes to standard output, what went wrong to standard error. With --batch each line \
            of a file is a request: a URL, or a JSON object {"method", "url", "query", "headers", "json" | "form" | \
            "data"}; what comes of each is printed as a line of JSON, as it comes, and a summary on standard error.

            EXAMPLES
              hawser fetch https://api.example/v1/time
              hawser fetch POST https://api.example/v1/orders --json '{"side":"buy"}' -H "Authorization: Bearer $TOKEN"
              hawser fetch https://api.example/v1/book --param symbol=BTC --json-output | jq .total_ms
              hawser fetch https://example.org/big.iso -o big.iso
              hawser fetch --batch urls.txt --limit 40 --retry 5
              hawser fetch -c feeds.yaml --request snapshot       one of its "requests", with its "http" settings

            EXIT STATUS
              0   there is an answer, whatever its status; with --batch: to each request
              1   there is none, or with --fail its status is 400 or more; with --batch: of any request
              2   wrong usage
              78  the configuration has errors
            """
    )

    @Argument(help: ArgumentHelp("The method, GET unless there is content, and the URL.", valueName: "method] [url"))
    var words: [String] = []

    @Option(name: [.customShort("H"), .customLong("header")], help: "A header field, 'Name: value'; may be repeated.")
    var headers: [HeaderArgument] = []

    @Option(help: "A pair for the query, name=value; may be repeated.")
    var param: [PairArgument] = []

    @Option(help: "Content: JSON, or @file for a file with it.")
    var json: String?

    @Option(help: "Content: a pair of a form, name=value; may be repeated.")
    var form: [PairArgument] = []

    @Option(help: "Content: this text, or @file for a file, @- for standard input.")
    var data: String?

    @Option(name: [.customShort("o"), .customLong("output")], help: "Write the content to this file.")
    var output: String?

    @Option(
        name: [.customShort("c"), .customLong("config")],
        help: "Take the settings under \"http\" of this configuration; options override them."
    )
    var file: String?

    @Option(help: "With -c: make this one of its requests; options are added to it.")
    var request: String?

    @OptionGroup(title: "Limits") var limits: FetchLimitOptions

    @OptionGroup(title: "Connection") var connection: FetchConnectionOptions

    @Flag(help: "Take a status of 400 and more for a failure.")
    var fail = false

    @Flag(name: [.customShort("i"), .customLong("include")], help: "Print status and fields in front of the content.")
    var showsHead = false

    @Flag(name: .customLong("json-output"), help: "Print status, fields, timings and content as a line of JSON.")
    var isJSON = false

    @Option(help: "Make the requests in this file, one a line; - for standard input.")
    var batch: String?

    @Option(help: "With --batch: requests under way at once.")
    var limit = 40

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be 1 to 10000") }
        guard [json != nil, !form.isEmpty, data != nil].count(where: { $0 }) <= 1 else {
            throw ValidationError("of --json, --form and --data there can be one")
        }
        if batch != nil || request != nil {
            let option = batch != nil ? "--batch the requests are in the file" : "--request it is in the configuration"
            if let word = words.first { throw ValidationError("with \(option): \"\(word)\" is one word too many") }
        } else {
            _ = try writtenRequest()
        }
        if request != nil {
            if file == nil { throw ValidationError("--request names one of a configuration: name that with -c FILE") }
            if batch != nil { throw ValidationError("of --request and --batch there can be one") }
            guard try content().isEmpty else {
                throw ValidationError("with --request the content is in the configuration")
            }
        }
        _ = try options(nil)
    }

    func run() async throws {
        var configured: ConfiguredRequests?
        if let file {
            configured = Launch(environment: ProcessInfo.processInfo.environment).requests(path: file)
            if configured == nil { throw HawserDaemon.ExitStatus.configuration.asExit }
        }
        let options = try options(configured)
        if let batch {
            let run = FetchBatch(path: batch, options) { [headers, param, configured] request in
                Self.add(headers, param, to: &request)
                if let configured { request = try configured.adding(to: request) }
            }
            return try await run.run().throwUnlessDone()
        }
        var request = try named(configured) ?? writtenRequest()
        if let configured { request = try configured.adding(to: request) }
        try await Fetch(request, options).run().throwUnlessDone()
    }

    /// The configuration's request, if one is named.
    private func named(_ configured: ConfiguredRequests?) throws -> HTTPRequest? {
        guard let name = self.request, let configured else { return nil }
        guard var request = try configured.request(name) else {
            let names = configured.names.joined(separator: ", ")
            throw ValidationError("there is no request \"\(name)\"; there are: \(names.isEmpty ? "none" : names)")
        }
        limits.apply(to: &request)
        Self.add(headers, param, to: &request)
        return request
    }

    private func writtenRequest() throws -> HTTPRequest {
        let content = try content()
        guard let url = words.last, words.count <= 2 else {
            throw ValidationError(
                words.isEmpty ? "the URL is missing" : "too many words: \(words.joined(separator: " "))"
            )
        }
        var method = content.isEmpty ? HTTPMethod.get : .post
        if words.count == 2 {
            guard let named = HTTPMethod(words[0].uppercased()) else {
                throw ValidationError("\"\(words[0])\" is no method")
            }
            method = named
        }
        var request: HTTPRequest
        do { request = try HTTPRequest(method, url, content: content) } catch { throw ValidationError("\(error)") }
        Self.add(headers, param, to: &request)
        return request
    }

    private static func add(_ headers: [HeaderArgument], _ param: [PairArgument], to request: inout HTTPRequest) {
        request.url = request.url.adding(query: param.map { ($0.name, $0.value) })
        let names = Set(headers.map { $0.name.lowercased() })
        let others = request.headers.lines.filter { !names.contains($0.name.lowercased()) }
        request.headers = HTTPFields(others + headers.map { .init(name: $0.name, value: $0.value) })
    }

    private func content() throws -> HTTPContent {
        if let json {
            guard json.hasPrefix("@") else { return .bytes(Array(json.utf8), type: "application/json") }
            return .file(path: String(json.dropFirst()), type: "application/json")
        }
        if let data {
            guard data.hasPrefix("@") else { return .text(data) }
            return .file(path: data == "@-" ? "/dev/stdin" : String(data.dropFirst()), type: "application/octet-stream")
        }
        return form.isEmpty ? .none : .form(form.map { ($0.name, $0.value) })
    }

    private func options(_ configured: ConfiguredRequests?) throws -> FetchOptions {
        var options = FetchOptions()
        if let configured { options.configuration = configured.client }
        let isConfigured = file != nil
        limits.apply(to: &options.configuration, isConfigured: isConfigured)
        try connection.apply(to: &options.configuration, isConfigured: isConfigured)
        if batch != nil, !isConfigured {
            options.configuration.pool = HTTPPoolLimits(
                maxConnections: limit,
                maxPerHost: limit,
                maxKeepalive: limit
            )
        }
        if let output { options.output = .file(output) }
        options.isJSON = isJSON
        options.showsHead = showsHead
        options.failsOnStatus = fail
        options.limit = limit
        return options
    }
}

/// `name=value` on the command line.
struct PairArgument: ExpressibleByArgument {
    let name: String
    let value: String

    init?(argument: String) {
        guard let equals = argument.firstIndex(of: "="), equals != argument.startIndex else { return nil }
        name = String(argument[..<equals])
        value = String(argument[argument.index(after: equals)...])
    }
}
