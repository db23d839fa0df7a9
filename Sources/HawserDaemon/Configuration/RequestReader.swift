import HawserHTTP

/// Reads one request.
struct RequestReader {
    /// The keys it reads.
    static let keys =
        [
            "method", "url", "query", "headers", "json", "form", "content", "every", "at_start", "sinks", "valid",
            "expires_in",
        ] + CallSettingsReader.keys

    let mapping: MappingReader
    /// The place of the request's name.
    let position: SourcePosition

    /// A request, and where its sinks are named.
    struct Result {
        var request: RequestConfiguration
        var sinks: [(name: String, value: ConfigurationValue)]?
    }

    /// Reads the request called `name`; nil if it has no URL that can be used.
    func read(name: String, http: HTTPSettings) -> Result? {
        mapping.check(known: Self.keys)
        let settings = CallSettingsReader(mapping: mapping).read(over: http.call)
        let query = mapping.value("query").map { pairs(in: $0, of: "pairs") } ?? []
        let headers = mapping.value("headers").map {
            HeadersReader(value: $0, reserved: HeaderSyntax.remedy(forReservedInRequest:)).read()
        }
        let content = readContent()
        let method = readMethod(content)
        let every = mapping.value("every")?.duration(in: ConfigurationBounds.requestEvery)
        let atStart = mapping.value("at_start")?.boolean()
        let lifetime = readLifetime()
        let sinks = SinkNamesReader(value: mapping.value("sinks")).read(what: "answers")
        guard let value = mapping.value("url") else {
            mapping.reading.report(
                at: position,
                mapping.path,
                problem: "the request has no url",
                remedy: "add \"url: https://host/path\""
            )
            return nil
        }
        guard let (template, url) = URLReader(value: value).readHTTP() else { return nil }
        var request = RequestConfiguration(name: name, url: template)
        request.settings = settings
        request.method = method
        request.query = query
        request.headers = headers ?? []
        request.content = content
        request.every = every
        request.atStart = atStart ?? false
        request.lifetime = lifetime
        check(request, url, http)
        return Result(request: request, sinks: sinks)
    }

    private func check(_ request: RequestConfiguration, _ url: HTTPURL, _ http: HTTPSettings) {
        if !url.isSecure, !url.isAddressLiteral, url.host != "localhost",
            (http.headers + request.headers).contains(where: { SensitiveText.isSecretName($0.name) })
                || url.userinfo != nil
        {
            mapping.value("url")?.report(
                .warning,
                problem: "credentials go over http://, where anyone on the way can read them",
                remedy: "use https:// if the server has it"
            )
        }
    }

    private func readMethod(_ content: RequestConfiguration.Content) -> HTTPMethod {
        let standard = content == .none ? HTTPMethod.get : .post
        guard let value = mapping.value("method"), let text = value.text(expected: "a method") else { return standard }
        guard let method = HTTPMethod(text.value), method.name != "CONNECT" else {
            value.report(
                problem: "\(text.shown) is no method",
                seen: text.shown,
                allowed: "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, or another token"
            )
            return standard
        }
        let upper = text.value.uppercased()
        let known = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"]
        if method.name != upper, known.contains(upper) {
            value.report(
                problem: "\(text.shown) is another method than \(upper): methods depend on case",
                seen: text.shown,
                remedy: "write \(upper)"
            )
        }
        return method
    }

    private func readLifetime() -> RequestConfiguration.Lifetime {
        if mapping.has("valid"), let value = mapping.value("expires_in") {
            value.report(
                problem: "\"valid\" and \"expires_in\": an answer has one lifetime",
                remedy: "keep one of them"
            )
            return .untilRefused
        }
        if let value = mapping.value("valid")?.duration(in: ConfigurationBounds.lifetime) { return .fixed(value) }
        guard let value = mapping.value("expires_in"), let text = value.text(expected: "a JSON pointer") else {
            return .untilRefused
        }
        guard JSONPointer(text.value) != nil else {
            value.report(
                problem: "\(text.shown) is not a JSON pointer",
                seen: text.shown,
                allowed: "/KEY/…, with ~ as ~0 and / in a key as ~1 (RFC 6901)",
                remedy: text.template.isConstant && !text.value.hasPrefix("/") && !text.value.contains("~")
                    ? "write /\(text.value)" : nil
            )
            return .untilRefused
        }
        return .answer(text.value)
    }

    // MARK: Content

    private func readContent() -> RequestConfiguration.Content {
        let given = ["json", "form", "content"].filter { mapping.has($0) }
        if given.count > 1 {
            mapping.value(given[1])?.report(
                problem: "\"\(given[0])\" and \"\(given[1])\": a request has one content",
                remedy: "keep one of them"
            )
        }
        var contents: [RequestConfiguration.Content] = []
        if let value = mapping.value("json") { contents += readJSON(value).map { [.json($0)] } ?? [] }
        if let value = mapping.value("form") { contents.append(.form(pairs(in: value, of: "pairs"))) }
        if let value = mapping.value("content") {
            mapping.reading.cover(value.node)
            contents += value.text(takesAnswers: true).map { [.text($0.template)] } ?? []
        }
        return contents.first ?? .none
    }

    private func readJSON(_ value: ConfigurationValue) -> SecretTemplate? {
        mapping.reading.cover(value.node)
        switch value.node.content {
        case .mapping, .sequence:
            value.report(
                problem: "text is expected, not \(value.node.kind)",
                seen: value.node.kind,
                remedy: "put JSON in single quotes: '{\"symbol\":\"BTC\"}'"
            )
            return nil
        case .scalar:
            guard let text = value.text(expected: "JSON in single quotes", takesAnswers: true) else { return nil }
            guard JSONText.isValid(text.value) else {
                value.report(
                    problem: "this is not JSON",
                    remedy: text.template.isConstant
                        ? "correct it; as any text it could stand under \"content\""
                        : "correct it, or what its references yield: a value inside a string needs its quotes escaped"
                )
                return nil
            }
            return text.template
        }
    }

    /// A mapping of names to values that may contain references; names may stand once.
    private func pairs(in value: ConfigurationValue, of what: String) -> [HeaderTemplate] {
        mapping.reading.cover(value.node)
        guard let section = value.mapping(expected: "a mapping of names to values") else { return [] }
        guard section.entries.count <= ConfigurationBounds.headers else {
            value.report(
                problem: "\(section.entries.count) \(what) are too many",
                seen: "\(section.entries.count)",
                allowed: "at most \(ConfigurationBounds.headers)"
            )
            return []
        }
        return section.values.compactMap { key, value in
            mapping.reading.understand(key)
            guard let text = value.text(takesAnswers: true) else { return nil }
            if text.template.isConstant, SensitiveText.isSecretName(key.text), !text.value.isEmpty {
                value.warnOfPlainText(Shown.quoted(key.text))
            }
            return HeaderTemplate(name: key.text, value: text.template)
        }
    }
}
