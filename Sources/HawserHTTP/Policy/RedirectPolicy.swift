import WebSocketProtocol

/// Whether answers that lead elsewhere are followed (RFC 9110 section 15.4).
public enum RedirectPolicy: Sendable, Hashable {
    /// They are handed over as they are.
    case none
    /// At most so many in a row; then the request fails.
    case follow(limit: Int)

    /// What comes next.
    enum Decision: Equatable {
        /// This is the answer.
        case answer
        /// The next request.
        case follow(Hop)
        /// It should be followed, and must not be.
        case fail(HTTPError.RedirectProblem)
    }

    /// Where a redirect leads, and with what.
    struct Hop: Equatable {
        var method: HTTPMethod
        var url: HTTPURL
        /// The content is sent again.
        var keepsContent: Bool
        /// Credentials go along: the origin is the same.
        var keepsCredentials: Bool
    }

    /// Decides about an answer.
    ///
    /// - Parameters:
    ///   - visited: the requests of this call before the present one, as ``visit(_:_:)`` writes them.
    func decide(_ head: ExchangeHead, method: HTTPMethod, url: HTTPURL, visited: [String]) -> Decision {
        let status = head.status
        guard (300...399).contains(status), case .follow(let limit) = self,
            [301, 302, 303, 307, 308].contains(status), let location = head.block.fields["Location"]
        else { return .answer }
        let target: HTTPURL
        do { target = try url.resolving(location) } catch { return .fail(.badLocation("\(error)")) }
        guard target.isSecure || !url.isSecure else { return .fail(.downgrade) }
        let next = Self.method(after: status, method)
        // What the first URL says of user and password is not for others; what `Location` says is not trusted.
        let hop = Hop(
            method: next,
            url: target.withoutUserinfo,
            keepsContent: next == method && status != 303,
            keepsCredentials: target.origin == url.origin
        )
        let visit = Self.visit(hop.method, hop.url)
        if visited.contains(visit) || visit == Self.visit(method, url) { return .fail(.loop) }
        guard visited.count < limit else { return .fail(.tooMany(limit: limit)) }
        return .follow(hop)
    }

    /// What tells one request of a chain from another.
    static func visit(_ method: HTTPMethod, _ url: HTTPURL) -> String {
        "\(method.name) \(url.absolute)"
    }

    /// 303 means GET; 301 and 302 of a POST mean GET to every browser; the others keep the method.
    private static func method(after status: Int, _ method: HTTPMethod) -> HTTPMethod {
        switch status {
        case 303: method == .head ? .head : .get
        case 301, 302: method == .post ? .get : method
        default: method
        }
    }

    /// Fields that say who asks: they go to the origin that they were meant for and no other. Names in lower case.
    static let credentialFields: Set<String> = [
        "authorization", "cookie", "cookie2", "proxy-authorization", "x-api-key", "api-key", "x-auth-token",
    ]
    /// Fields that describe the content: they go with it.
    static let contentFields: Set<String> = [
        "content-type", "content-length", "content-encoding", "content-language", "content-location",
        "transfer-encoding",
    ]
}
