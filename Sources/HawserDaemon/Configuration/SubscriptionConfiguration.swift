import WebSocketProtocol

/// One feed: where it is, what it is told, and where its messages go.
public struct SubscriptionConfiguration: Sendable, Equatable {
    /// Its name in records, logs and commands: `[a-z0-9_-]{1,64}`.
    public var name: String
    /// The URL, references unresolved.
    public var url: SecretTemplate
    /// Header fields of the opening handshake, in the order of the file.
    public var headers: [HeaderTemplate] = []
    /// The subprotocols to offer, in order of preference.
    public var subprotocols: [SecretTemplate] = []
    /// Text messages to send as soon as a session is open, in order.
    public var subscribe: [SecretTemplate] = []
    /// What is called again and again while it is connected.
    public var keep: KeepConfiguration?
    /// The names of the sinks that its messages go to; never empty, each one exists.
    public var sinks: [String] = []
    /// Everything that `defaults` has too.
    public var settings = SessionSettings()

    /// A subscription with default settings; the caller adds what it needs.
    public init(name: String, url: SecretTemplate) {
        self.name = name
        self.url = url
    }

    /// What a dial needs, with every reference read anew: a rotated token is used by the next dial.
    ///
    /// Reads files, so it may block; not for an event loop's thread.
    ///
    /// - Throws: the reference that yields nothing, or what a value makes impossible.
    public func dialTarget(using sources: SecretSources) throws(DialTargetError) -> DialTarget {
        let text = try resolve(url, using: sources)
        var target: DialTarget
        do {
            target = DialTarget(url: try WebSocketURL(text.revealed))
        } catch {
            throw .url(error)
        }
        for template in subprotocols {
            let name = try resolve(template, using: sources).revealed
            guard HeaderSyntax.isToken(name) else { throw .subprotocol }
            // RFC 6455 section 4.1: each once.
            if !target.subprotocols.contains(name) { target.subprotocols.append(name) }
        }
        if let proxy = settings.proxy {
            let text = try resolve(proxy, using: sources)
            do { target.proxy = try ProxyURL(text.revealed) } catch { throw .proxy(error) }
        }
        for header in headers {
            let value = try resolve(header.value, using: sources)
            if let fault = HeaderSyntax.fault(ofValue: value.revealed) {
                throw .header(name: header.name, problem: fault)
            }
            target.headers.append((header.name, value))
        }
        for message in subscribe {
            target.subscribe.append(try resolve(message, using: sources))
        }
        return target
    }

    private func resolve(
        _ template: SecretTemplate,
        using sources: SecretSources
    ) throws(DialTargetError) -> Secret {
        do {
            return try template.resolve(using: sources)
        } catch {
            throw .reference(error)
        }
    }
}

/// A header field whose value may contain references.
public struct HeaderTemplate: Sendable, Hashable {
    /// The field's name: a token (RFC 9110 section 5.1).
    public var name: String
    /// The field's value.
    public var value: SecretTemplate

    /// A field.
    public init(name: String, value: SecretTemplate) {
        self.name = name
        self.value = value
    }
}

/// A subscription's references, resolved for one dial.
public struct DialTarget: Sendable {
    /// Where to.
    public var url: WebSocketURL
    /// The proxy to go through; nil: none.
    public var proxy: ProxyURL?
    /// Header fields.
    public var headers: [(name: String, value: Secret)] = []
    /// The subprotocols to offer.
    public var subprotocols: [String] = []
    /// The messages to send once the session is open.
    public var subscribe: [Secret] = []
}

/// Why a dial cannot be prepared. Tells no secret.
public enum DialTargetError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A reference yields nothing.
    case reference(SecretResolutionError)
    /// The URL, as resolved, is not one.
    case url(WebSocketURLError)
    /// The proxy, as resolved, is none.
    case proxy(WebSocketURLError)
    /// A header's value, as resolved, cannot be sent.
    case header(name: String, problem: String)
    /// A subprotocol, as resolved, is no token.
    case subprotocol
    /// The URL, as resolved, is secure and was not when the daemon started, or the other way round.
    case schemeChanged

    /// For a log line.
    public var description: String {
        switch self {
        case .reference(let error): "\(error)"
        // What was seen may come from a reference.
        case .url(let error): "url: \(error.part.rawValue): \(error.problem); allowed: \(error.allowed)"
        case .proxy(let error): "proxy: \(error.part.rawValue): \(error.problem); allowed: \(error.allowed)"
        case .header(let name, let problem): "header \(name): \(problem)"
        case .subprotocol: "subprotocols: with what the references yield one of them is no token"
        case .schemeChanged: "url: it changed between ws and wss since the start: restart Hawser"
        }
    }
}
