import WebSocketProtocol

/// Takes out of a server's words what it was told in confidence: servers like to repeat a request in an error page or
/// in the reason of a Close.
///
/// It knows the secrets of one dial or request: what references yielded, the userinfo, the query, the headers that bear secrets,
/// and the messages sent first. What a server encodes in another way goes unnoticed.
struct Redaction: Sendable {
    /// The longest first, so that none is hidden in part by another.
    private let secrets: [Secret]
    /// Anything shorter is a word of the language.
    private static let shortest = 4

    /// A redaction that hides nothing.
    init() {
        secrets = []
    }

    /// A redaction that hides these.
    init(_ secrets: Secrets) {
        self.secrets = secrets.texts.filter { $0.utf8.count >= Self.shortest }
            .sorted { $0.utf8.count > $1.utf8.count }.map { Secret($0) }
    }

    /// - Parameter references: what each reference yielded.
    init(_ target: DialTarget, references: [String]) {
        var secrets = Secrets()
        for text in references + target.subscribe.map(\.revealed) { secrets.add(text) }
        for (name, value) in target.headers { secrets.add(header: name, value.revealed) }
        secrets.add(userinfo: target.url.userinfo, target: target.url.target)
        for text in target.proxy?.confidences ?? [] { secrets.add(text) }
        self.init(secrets)
    }

    /// The secrets of one dial or request.
    struct Secrets {
        fileprivate var texts: Set<String> = []

        /// Adds `text`, whole.
        mutating func add(_ text: String) {
            texts.insert(text)
        }

        /// Adds a header field, if its name announces a secret.
        mutating func add(header name: String, _ value: String) {
            guard SensitiveText.isSecretName(name) else { return }
            texts.insert(value)
            // The token alone: without the scheme of Authorization, or the name of a cookie.
            let token = value.split { $0 == " " || $0 == "=" }.last
            texts.insert(token.map(String.init) ?? "")
        }

        /// Adds a pair of a query or a form, if its name announces a secret.
        mutating func add(parameter name: String, _ value: String) {
            if SensitiveText.isSecretName(name) { texts.insert(value) }
        }

        /// Adds what of a URL is secret: user and password, and its query.
        mutating func add(userinfo: String?, target: String) {
            if let userinfo {
                texts.formUnion([userinfo, WebSocketProtocol.Base64.encode(userinfo.utf8)])
                texts.formUnion(userinfo.split(separator: ":").map(String.init))
            }
            guard let query = target.split(separator: "?", maxSplits: 1).dropFirst().first else { return }
            texts.insert(String(query))
            for parameter in query.split(separator: "&") {
                let halves = parameter.split(separator: "=", maxSplits: 1)
                if halves.count == 2 { add(parameter: String(halves[0]), String(halves[1])) }
            }
        }
    }

    /// `text` with a placeholder for each secret, also for one that is cut off at the end.
    func applied(to text: String) -> String {
        var text = text
        for secret in secrets {
            text = text.replacing(secret.revealed, with: Secret.placeholder)
            var cut = secret.revealed.dropLast().prefix(text.count)
            while cut.utf8.count >= Self.shortest {
                if text.hasSuffix(cut) {
                    text = text.dropLast(cut.count) + Secret.placeholder
                    break
                }
                cut = cut.dropLast()
            }
        }
        return text
    }
}
