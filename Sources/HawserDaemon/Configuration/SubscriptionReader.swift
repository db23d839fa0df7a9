import WebSocketProtocol

/// Reads one subscription.
struct SubscriptionReader {
    /// The keys it reads, beside the settings.
    static let keys = ["url", "headers", "subprotocols", "subscribe", "keep", "sinks"]

    let mapping: MappingReader
    /// The place of the subscription's name.
    let position: SourcePosition

    /// A subscription, where its sinks are named, and what its URL says now.
    struct Result {
        var subscription: SubscriptionConfiguration
        var sinks: [(name: String, value: ConfigurationValue)]?
        var url: WebSocketURL
        /// Where the request of `keep` is named.
        var keep: (name: String, value: ConfigurationValue)?
    }

    /// Reads the subscription called `name`; nil if it has no URL that can be used.
    func read(name: String, defaults: SessionSettings) -> Result? {
        mapping.check(known: Self.keys + SettingsReader.keys)
        let settings = SettingsReader(mapping: mapping).read(over: defaults)
        let headers = mapping.value("headers").map {
            HeadersReader(value: $0, reserved: HeaderSyntax.remedy(forReserved:)).read()
        }
        let subprotocols = readSubprotocols()
        let subscribe = readSubscribe()
        let keep = mapping.value("keep").flatMap { KeepReader(value: $0).read() }
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
        subscription.keep = keep?.keep
        checkRequest(url, subscription)
        if let tls = mapping.value("tls"), !url.isSecure {
            tls.report(.warning, problem: "tls has no effect on a ws:// URL", remedy: "remove it, or use wss://")
        }
        if subscription.settings.proxy != nil, url.unixPath != nil {
            (mapping.value("proxy") ?? value).report(
                problem: "a Unix socket is not reached through a proxy",
                remedy: "write proxy: none here"
            )
        }
        return Result(
            subscription: subscription,
            sinks: sinks,
            url: url,
            keep: keep.map { ($0.keep.request, $0.name) }
        )
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

    private func readSubprotocols() -> [SecretTemplate] {
        guard
            let items = mapping.value("subprotocols")?.list(
                of: "subprotocols",
                limit: ConfigurationBounds.subprotocols
            )
        else { return [] }
        var names: [String] = []
        var templates: [SecretTemplate] = []
        for item in items {
            guard let text = item.text(takesAnswers: true) else { continue }
            if !HeaderSyntax.isToken(text.value) {
                item.report(
                    problem: "\(text.shown) is not a subprotocol's name",
                    seen: text.shown,
                    allowed: "letters, digits and !#$%&'*+-.^_`|~"
                )
            } else if names.contains(text.value), text.template.requestReferences.isEmpty {
                item.report(problem: "\(text.shown) is given twice", seen: text.shown, remedy: "keep one of them")
            } else {
                names.append(text.value)
                templates.append(text.template)
            }
        }
        return templates
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
            return item.text(takesAnswers: true)?.template
        }
    }
}
