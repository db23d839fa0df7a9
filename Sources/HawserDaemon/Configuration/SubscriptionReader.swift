import WebSocketProtocol

/// Reads one subscription.
struct SubscriptionReader {
    /// The keys it reads, beside the settings.
    static let keys = ["url", "headers", "subprotocols", "subscribe", "sinks"]
    /// Keys of the design that are not supported yet.
    static let laterKeys = ["dispositions", "send"]

    let mapping: MappingReader
    /// The place of the subscription's name.
    let position: SourcePosition

    /// A subscription, where its sinks are named, and what its URL says now.
    struct Result {
        var subscription: SubscriptionConfiguration
        var sinks: [(name: String, value: ConfigurationValue)]?
        var url: WebSocketURL
    }

    /// Reads the subscription called `name`; nil if it has no URL that can be used.
    func read(name: String, defaults: SessionSettings) -> Result? {
        mapping.check(known: Self.keys + SettingsReader.keys, later: Self.laterKeys + SettingsReader.laterKeys)
        let settings = SettingsReader(mapping: mapping).read(over: defaults)
        let headers = mapping.value("headers").map {
            HeadersReader(value: $0, reserved: HeaderSyntax.remedy(forReserved:)).read()
        }
        let subprotocols = readSubprotocols()
        let subscribe = readSubscribe()
        let sinks = SinkNamesReader(value: mapping.value("sinks")).read(what: "messages")
        guard let value = mapping.value("url") else {
            mapping.reading.report(
                at: position,
                mapping.path,
                problem: "the subscription has no url",
                remedy: "add \"url: wss://host/path\""
            )
            return nil
        }
        guard let (template, url) = URLReader(value: value).read() else { return nil }
        var subscription = SubscriptionConfiguration(name: name, url: template)
        subscription.settings = settings
        subscription.headers = headers ?? []
        subscription.subprotocols = subprotocols
        subscription.subscribe = subscribe
        checkRequest(url, subscription)
        if let tls = mapping.value("tls"), !url.isSecure {
            tls.report(.warning, problem: "tls has no effect on a ws:// URL", remedy: "remove it, or use wss://")
        }
        return Result(subscription: subscription, sinks: sinks, url: url)
    }

    /// Builds the opening handshake once, so that nothing is left to go wrong with it at the first dial.
    private func checkRequest(_ url: WebSocketURL, _ subscription: SubscriptionConfiguration) {
        guard let target = try? subscription.dialTarget(using: mapping.reading.secrets) else { return }
        do {
            _ = try OpeningRequest(
                url: url,
                key: OpeningKey(nonce: (0, 0)),
                subprotocols: target.subprotocols,
                fields: target.headers.map { ($0.name, $0.value.revealed) }
            )
        } catch {
            let value = mapping.value(error.problem == .userinfoNotBasic ? "url" : "headers") ?? mapping.value("url")
            value?.report(problem: "no opening handshake can be made: \(error)", remedy: "correct or shorten it")
        }
    }

    // MARK: Lists

    private func readSubprotocols() -> [String] {
        guard
            let items = mapping.value("subprotocols")?.list(
                of: "subprotocols",
                limit: ConfigurationBounds.subprotocols
            )
        else { return [] }
        var names: [String] = []
        for item in items {
            guard let text = item.text() else { continue }
            if !HeaderSyntax.isToken(text.value) {
                item.report(
                    problem: "\(text.shown) is not a subprotocol's name",
                    seen: text.shown,
                    allowed: "letters, digits and !#$%&'*+-.^_`|~"
                )
            } else if names.contains(text.value) {
                item.report(problem: "\(text.shown) is given twice", seen: text.shown, remedy: "keep one of them")
            } else {
                names.append(text.value)
            }
        }
        return names
    }

    private func readSubscribe() -> [SecretTemplate] {
        guard let value = mapping.value("subscribe") else { return [] }
        mapping.reading.cover(value.node)
        guard let items = value.list(of: "messages", limit: ConfigurationBounds.subscribeMessages) else { return [] }
        return items.compactMap { item in
            if case .mapping = item.node.content {
                item.report(
                    problem: "text is expected, not a mapping",
                    seen: "a mapping",
                    remedy: "put JSON in single quotes: '{\"op\":\"subscribe\"}'"
                )
                return nil
            }
            return item.text()?.template
        }
    }
}
