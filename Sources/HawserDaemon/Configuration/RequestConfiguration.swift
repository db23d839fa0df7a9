import HawserHTTP

/// A named REST call: what to ask, when, and where the answers go.
public struct RequestConfiguration: Sendable, Equatable {
    /// What is sent.
    public enum Content: Sendable, Hashable {
        /// Nothing.
        case none
        /// A JSON text (RFC 8259).
        case json(SecretTemplate)
        /// The pairs of a form, in the order of the file.
        case form([HeaderTemplate])
        /// Any text.
        case text(SecretTemplate)

        /// The texts in it.
        var templates: [SecretTemplate] {
            switch self {
            case .none: []
            case .json(let text), .text(let text): [text]
            case .form(let pairs): pairs.map(\.value)
            }
        }
    }

    /// How long what `${request:…}` yields is good.
    public enum Lifetime: Sendable, Hashable {
        /// Until a server refuses it.
        case untilRefused
        /// So long, from the begin of the call on.
        case fixed(Duration)
        /// As many seconds as the answer says at this JSON pointer.
        case answer(String)
    }

    /// Its name in records, logs and commands: `[a-z0-9_-]{1,64}`.
    public var name: String
    /// The method.
    public var method = HTTPMethod.get
    /// The URL, references unresolved.
    public var url: SecretTemplate
    /// Pairs for the query, in the order of the file.
    public var query: [HeaderTemplate] = []
    /// Header fields, on top of those of the section `http`.
    public var headers: [HeaderTemplate] = []
    /// What is sent.
    public var content = Content.none
    /// How often it is made; nil: not by the clock.
    public var every: Duration?
    /// Whether it is made as soon as the daemon is ready.
    public var atStart = false
    /// How long its answer is good for those who refer to it.
    public var lifetime = Lifetime.untilRefused
    /// Timeouts, attempts, redirects.
    public var settings = CallSettings()
    /// The names of the sinks that its answers go to; never empty, each one exists.
    public var sinks: [String] = []

    /// A GET of `url` with the default settings.
    public init(name: String, url: SecretTemplate) {
        self.name = name
        self.url = url
    }

    /// Whether nothing makes it.
    var isIdle: Bool { every == nil && !atStart }

    /// The requests that must have been made before it can be.
    var requestReferences: [SecretReference] {
        references(with: []).filter { $0.source == .request }
    }

    /// Every reference in it, and in `common`, the fields of all requests.
    func references(with common: [HeaderTemplate]) -> [SecretReference] {
        let fields = common + headers + query
        return ([url] + fields.map(\.value) + content.templates).flatMap(\.references)
    }

    /// The request, with every reference read anew: a rotated token is used by the next call.
    ///
    /// Reads files, so it may block; not for an event loop's thread.
    ///
    /// - Parameter common: the fields of all requests.
    /// - Throws: the reference that yields nothing, or what a value makes impossible.
    func call(with common: [HeaderTemplate], using sources: SecretSources) throws(CallError) -> Call {
        let text = try CallError.resolve(url, using: sources)
        let target: HTTPURL
        do { target = try HTTPURL(text.revealed) } catch { throw .url("url", error) }
        var secrets = Redaction.Secrets()
        secrets.add(userinfo: target.userinfo, target: target.absolute)

        let pairs = try resolve(query, using: sources)
        for (name, value) in pairs { secrets.add(parameter: name, value) }
        var fields: [HTTPFields.Line] = []
        let own = Set(headers.map { $0.name.lowercased() })
        let inherited = common.filter { !own.contains($0.name.lowercased()) }
        for (name, value) in try resolve(inherited + headers, using: sources) {
            if let fault = HeaderSyntax.fault(ofValue: value) { throw .header(name: name, problem: fault) }
            secrets.add(header: name, value)
            fields.append(HTTPFields.Line(name: name, value: value))
        }
        let (content, texts) = try resolvedContent(using: sources)
        for text in texts { secrets.add(text) }
        for reference in references(with: common) {
            if let value = try? sources.value(of: reference) { secrets.add(value) }
        }
        var request = HTTPRequest(
            method,
            target.adding(query: pairs),
            headers: HTTPFields(fields),
            content: content,
            timeouts: settings.timeouts,
            retry: settings.retry,
            redirects: settings.redirectPolicy
        )
        request.label = name
        return Call(request: request, redaction: Redaction(secrets))
    }

    private func resolvedContent(using sources: SecretSources) throws(CallError) -> (HTTPContent, [String]) {
        switch content {
        case .none:
            return (.none, [])
        case .json(let template):
            let text = try CallError.resolve(template, using: sources).revealed
            guard JSONText.isValid(text) else { throw .notJSON }
            return (.bytes(Array(text.utf8), type: "application/json"), [text])
        case .text(let template):
            let text = try CallError.resolve(template, using: sources).revealed
            return (.text(text), [text])
        case .form(let pairs):
            let values = try resolve(pairs, using: sources)
            return (.form(values), values.filter { SensitiveText.isSecretName($0.0) }.map(\.1))
        }
    }

    private func resolve(
        _ pairs: [HeaderTemplate],
        using sources: SecretSources
    ) throws(CallError) -> [(String, String)] {
        var resolved: [(String, String)] = []
        for pair in pairs {
            resolved.append((pair.name, try CallError.resolve(pair.value, using: sources).revealed))
        }
        return resolved
    }
}

/// A request with its references resolved, for one call.
struct Call: Sendable {
    var request: HTTPRequest
    /// For what the server says.
    var redaction: Redaction
}

/// Why a request cannot be made. Tells no secret.
public enum CallError: Error, Sendable, CustomStringConvertible {
    /// A reference yields nothing.
    case reference(SecretResolutionError)
    /// The URL under this key, as resolved, is not one.
    case url(String, HTTPURLError)
    /// A field's value, as resolved, cannot be sent.
    case header(name: String, problem: String)
    /// The content, as resolved, is not JSON.
    case notJSON

    /// For a log line.
    public var description: String {
        switch self {
        case .reference(let error): "\(error)"
        // What was seen may come from a reference.
        case .url(let key, let error): "\(key): \(error.part): \(error.problem); allowed: \(error.allowed)"
        case .header(let name, let problem): "header \(name): \(problem)"
        case .notJSON: "json: with what the references yield it is not JSON"
        }
    }

    static func resolve(_ template: SecretTemplate, using sources: SecretSources) throws(CallError) -> Secret {
        do { return try template.resolve(using: sources) } catch { throw .reference(error) }
    }
}
