import HawserHTTP
import WebSocketProtocol

/// Reads the URL of a subscription or a request and finds the column of whatever is wrong with it.
struct URLReader {
    let value: ConfigurationValue

    /// The URL as a template, and as it is now.
    func read() -> (template: SecretTemplate, url: WebSocketURL)? {
        cover()
        guard
            let text = value.text(
                expected: "a URL",
                allowed: "ws://, wss:// or ws+unix:",
                takesAnswers: true
            )
        else { return nil }
        do {
            let url = try WebSocketURL(text.value)
            guard isOriginKnown(text, { try WebSocketURL($0).origin }, url.origin) else { return nil }
            warnOfPlainText(text)
            return (text.template, url)
        } catch {
            report(text, error.part, error.problem, seen: error.seen, allowed: error.allowed)
            return nil
        }
    }

    /// The same of a URL for plain HTTP.
    func readHTTP() -> (template: SecretTemplate, url: HTTPURL)? {
        cover()
        guard let text = value.text(expected: "a URL", allowed: "http:// or https://", takesAnswers: true)
        else { return nil }
        do {
            let url = try HTTPURL(text.value)
            guard isOriginKnown(text, { try HTTPURL($0).origin }, url.origin) else { return nil }
            warnOfPlainText(text)
            return (text.template, url)
        } catch {
            report(text, error)
            return nil
        }
    }

    /// Records it if what a request yields decides which host is dialled: its limits could not be kept.
    private func isOriginKnown(
        _ text: ConfigurationValue.Text,
        _ origin: (String) throws -> String,
        _ now: String
    ) -> Bool {
        guard let first = text.template.requestReferences.first else { return true }
        let other = value.reading.secrets.with(.placeholder("2"))
        let resolved = try? text.template.resolve(using: other)
        if let resolved, (try? origin(resolved.revealed)) == now { return true }
        value.report(
            at: value.reading.position(in: text.node, at: first.offset),
            problem: "\(first.reference) stands in the scheme, host or port",
            seen: first.reference.description,
            allowed: "the path and the query",
            remedy: "write the host into the file: limits count by it"
        )
        return false
    }

    /// A proxy's URL.
    func readProxy() -> SecretTemplate? {
        cover()
        let allowed = "none, environment, or http://, https:// or socks5:// with host and port"
        guard let text = value.text(expected: "a proxy", allowed: allowed) else { return nil }
        do {
            _ = try HTTPProxy.Server(text.value)
            warnOfPlainText(text)
            return text.template
        } catch {
            report(text, error)
            return nil
        }
    }

    /// The URL of a proxy for WebSocket connections.
    func readProxyOfWebSocket() -> SecretTemplate? {
        cover()
        let allowed = "none, or http:// or socks5:// with host and port"
        guard let text = value.text(expected: "a proxy", allowed: allowed) else { return nil }
        do {
            _ = try ProxyURL(text.value)
            warnOfPlainText(text)
            return text.template
        } catch {
            report(text, error.part, error.problem, seen: error.seen, allowed: error.allowed)
            return nil
        }
    }

    private func report(_ text: ConfigurationValue.Text, _ error: HTTPURLError) {
        let part = WebSocketURLError.Part(rawValue: error.part) ?? .url
        report(text, part, error.problem, seen: error.seen, allowed: error.allowed)
    }

    private func report(
        _ text: ConfigurationValue.Text,
        _ part: WebSocketURLError.Part,
        _ problem: String,
        seen: String,
        allowed: String
    ) {
        let offset = Self.offset(of: part, in: text.value)
        let isReferenced = text.resolution.isReferenced(offset)
        let isShown = !isReferenced && !seen.isEmpty
        value.report(
            at: text.position(at: offset),
            problem: (part == .url ? "the URL" : "the \(part.rawValue)") + ": \(problem)"
                + (isShown ? " (\(Shown.quoted(seen)))" : ""),
            seen: isShown ? seen : nil,
            allowed: allowed,
            remedy: isReferenced ? "correct what the reference yields" : nil
        )
    }

    /// Covers what of the URL is secret; all of it if it is not even a text.
    func cover() {
        guard case .scalar(let scalar) = value.node.content else { return value.reading.cover(value.node) }
        value.reading.cover(scalar, Self.secretParts(of: scalar.text))
    }

    /// A URL without userinfo and query, references as they are written: for people.
    static func redacted(_ template: SecretTemplate) -> String {
        var scalars = Array(template.unresolved.unicodeScalars)
        let parts = secretParts(of: template.unresolved)
        for part in parts.reversed() {
            let isQuery = part.lowerBound > 0 && scalars[part.lowerBound - 1] == "?"
            if isQuery {
                scalars.replaceSubrange(part, with: ["…"])
            } else {
                scalars.removeSubrange(part.lowerBound..<min(part.upperBound + 1, scalars.count))
            }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    // MARK: Secrets

    private func warnOfPlainText(_ text: ConfigurationValue.Text) {
        let scalars = Array(text.node.text.unicodeScalars)
        let reference = SensitiveText.referenceMask(scalars)
        for part in Self.secretParts(of: text.node.text) where !part.isEmpty {
            let isQuery = part.lowerBound > 0 && scalars[part.lowerBound - 1] == "?"
            let fields = isQuery ? Self.fields(of: scalars, in: part) : [part]
            for field in fields where !field.contains(where: { reference[$0] }) {
                let content = String(String.UnicodeScalarView(scalars[field]))
                let name = content.prefix { $0 != "=" }
                guard !isQuery || (SensitiveText.isSecretName(String(name)) && name.count + 1 < content.count) else {
                    continue
                }
                guard isQuery || content.contains(":") else { continue }
                value.warnOfPlainText(
                    isQuery ? "the query's \(Shown.quoted(String(name)))" : "the URL's password",
                    at: value.reading.position(in: text.node, at: field.lowerBound)
                )
            }
        }
    }

    private static func fields(of scalars: [Unicode.Scalar], in query: Range<Int>) -> [Range<Int>] {
        scalars[query].split(separator: "&").map { $0.startIndex..<$0.endIndex }
    }

    /// The userinfo and the query, without their delimiters, in Unicode scalars.
    private static func secretParts(of text: String) -> [Range<Int>] {
        let scalars = Array(text.unicodeScalars)
        let reference = SensitiveText.referenceMask(scalars)
        func first(_ wanted: Set<Unicode.Scalar>, from start: Int) -> Int {
            scalars.indices[start...].first { !reference[$0] && wanted.contains(scalars[$0]) } ?? scalars.count
        }
        var parts: [Range<Int>] = []
        let start = authorityStart(scalars)
        let query = first(["?"], from: start)
        let end = first(["/", "?", "#"], from: start)
        var at = scalars[start..<end].lastIndex(of: "@")
        if at == nil, scalars[start..<end].first != "[",
            let colon = scalars[start..<end].indices.last(where: { scalars[$0] == ":" && !reference[$0] }),
            !(colon + 1..<end).allSatisfy({ reference[$0] || ("0"..."9").contains(scalars[$0]) })
        {
            // "user:pa/ss@host": what stands where the port should be belongs to a password.
            at = scalars[start..<query].lastIndex(of: "@")
        }
        if let at, !reference[at] { parts.append(start..<at) }
        if query < scalars.count { parts.append((query + 1)..<scalars.count) }
        return parts
    }

    // MARK: Places

    private static func authorityStart(_ scalars: [Unicode.Scalar]) -> Int {
        guard let colon = scalars.firstIndex(of: ":"), colon + 2 < scalars.count, scalars[colon + 1] == "/",
            scalars[colon + 2] == "/"
        else { return 0 }
        return colon + 3
    }

    /// Where `part` begins in `text`, or where what is wrong with it is.
    private static func offset(of part: WebSocketURLError.Part, in text: String) -> Int {
        let scalars = Array(text.unicodeScalars)
        let start = authorityStart(scalars)
        let end = scalars[start...].firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? scalars.count
        let at = scalars[start..<end].lastIndex(of: "@")
        let host = at.map { $0 + 1 } ?? start
        switch part {
        case .url, .scheme:
            return 0
        case .userinfo:
            return start
        case .host:
            return host
        case .port:
            let bracket = scalars[host..<end].lastIndex(of: "]") ?? host
            return scalars[bracket..<end].firstIndex(of: ":").map { min($0 + 1, scalars.count) } ?? host
        case .path, .query:
            return scalars.indices[end...].first { isFaulty(scalars, $0) } ?? end
        case .fragment:
            return scalars.firstIndex(of: "#") ?? 0
        case .socketPath:
            return scalars.firstIndex(of: ":").map { min($0 + 1, scalars.count) } ?? 0
        }
    }

    /// Whether the scalar at `index` cannot stand in a path or a query.
    private static func isFaulty(_ scalars: [Unicode.Scalar], _ index: Int) -> Bool {
        let scalar = scalars[index]
        guard scalar == "%" else { return scalar.value <= 0x20 || scalar.value >= 0x7F }
        guard index + 2 < scalars.count else { return true }
        return !scalars[(index + 1)...(index + 2)].allSatisfy { $0.properties.isASCIIHexDigit }
    }
}
