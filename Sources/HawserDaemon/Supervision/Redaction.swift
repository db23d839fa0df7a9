import WebSocketProtocol

/// Takes out of a server's words what it was told in confidence: servers like to repeat a request in an error page or
/// in the reason of a Close.
///
/// It knows the secrets of one dial: what references yielded, the userinfo, the query, the headers that bear secrets,
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

    /// - Parameter references: what each reference yielded.
    init(_ target: DialTarget, references: [String]) {
        var texts = Set(references)
        texts.formUnion(target.subscribe.map(\.revealed))
        for (name, value) in target.headers where SensitiveText.isSecretName(name) {
            texts.insert(value.revealed)
            // The token alone: without the scheme of Authorization, or the name of a cookie.
            let token = value.revealed.split { $0 == " " || $0 == "=" }.last
            texts.insert(token.map(String.init) ?? "")
        }
        if let userinfo = target.url.userinfo {
            texts.formUnion([userinfo, WebSocketProtocol.Base64.encode(userinfo.utf8)])
            texts.formUnion(userinfo.split(separator: ":").map(String.init))
        }
        if let query = target.url.target.split(separator: "?", maxSplits: 1).dropFirst().first {
            texts.insert(String(query))
            for parameter in query.split(separator: "&") {
                let halves = parameter.split(separator: "=", maxSplits: 1)
                guard halves.count == 2, SensitiveText.isSecretName(String(halves[0])) else { continue }
                texts.insert(String(halves[1]))
            }
        }
        secrets = texts.filter { $0.utf8.count >= Self.shortest }.sorted { $0.utf8.count > $1.utf8.count }
            .map { Secret($0) }
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
