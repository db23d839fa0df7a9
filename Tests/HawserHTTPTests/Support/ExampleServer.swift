import TestSupport

/// The server of the documentation's examples. It takes down what it is asked.
final class ExampleServer: Sendable {
    /// A request that it had.
    struct Asked: Sendable {
        let line: String
        let content: [UInt8]
        let authorization: String?
        let type: String?

        var text: String { String(decoding: content, as: UTF8.self) }
    }

    static let trades = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 13) }

    let server: FaultServer
    private let requests: Collected<Asked>

    init() throws {
        let requests = Collected<Asked>()
        self.requests = requests
        server = try plainServer { request, connection in
            let asked = Asked(
                line: "\(request.head.method) \(request.head.target)",
                content: request.content,
                authorization: request.head["Authorization"],
                type: request.head["Content-Type"]
            )
            requests.append(asked)
            let first = requests.values.count { $0.line == asked.line } == 1
            try Self.answer(asked, isFirst: first, connection)
        }
    }

    /// Scheme, host and port.
    var api: String { String(server.http("/").dropLast()) }

    /// What was asked for so far, each once.
    var lines: Set<String> { Set(requests.values.map(\.line)) }

    /// The requests so far, those of `line` alone.
    func asked(_ line: String) -> [Asked] {
        requests.values.filter { $0.line == line }
    }

    private static func answer(_ asked: Asked, isFirst: Bool, _ connection: FaultConnection) throws {
        switch asked.line {
        case "GET /v1/book", "GET /v1/book?symbol=BTC", "GET /v1/book?symbol=ETH":
            let symbol = asked.line.hasSuffix("ETH") ? "ETH" : "BTC"
            try connection.answer(200, [("Content-Type", "application/json")], #"{"symbol":"\#(symbol)","price":7}"#)
        case "POST /v1/orders":
            // Not before it is asked again.
            try connection.answer(isFirst && asked.text.contains("later") ? 503 : 200, [], asked.content)
        case "GET /v1/account":
            if asked.authorization?.hasPrefix("Digest ") == true {
                try connection.answer(302, [("Location", "/v1/book")], "moved")
            } else {
                try connection.answer(401, [("WWW-Authenticate", #"Digest realm="r", nonce="n", qop="auth""#)], "")
            }
        case "GET /v1/trades": try connection.answer(200, [], trades)
        case "GET /v1/report": try connection.answer(isFirst ? 200 : 404, [], "report")
        case "GET /v1/silence": try connection.hold()
        case "GET /v1/none": try connection.answer(404, [], "nothing here")
        default: try connection.answer(200, [], "{}")
        }
    }
}
