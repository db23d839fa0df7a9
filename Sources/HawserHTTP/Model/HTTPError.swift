import NameResolution

/// Why a request has no answer, or not the one that was wanted.
///
/// ```
/// HTTPError.Kind
///   invalidURL, invalidRequest          the request itself
///   timedOut(stage, after:)             connect, read, write, pool, total
///   nameLookup                          the host has no address
///   cannotConnect, connectionLost       the network, before and after the request went out
///   proxy                               the proxy refused
///   tls(reason)                         expired, notYetValid, wrongName, unknownIssuer, selfSigned, other
///   malformed(what)                     statusLine, length, fields, chunking, encoding, protocol
///   tooLarge(limit:)                    more content than is kept
///   redirect(problem)                   loop, tooMany, downgrade, badLocation, cannotRepeat
///   source                              the content to be sent could not be read
///   status, notJSON                     the answer came, and was not what was asked for
///   shutDown                            the client is shut down
///   engine                              this machine lacks something
/// ```
///
/// A request whose task is cancelled throws `CancellationError`.
public struct HTTPError: Error, Sendable {
    /// What happened.
    public enum Kind: Sendable {
        case invalidURL(HTTPURLError)
        /// What is wrong, for a person.
        case invalidRequest(String)
        case timedOut(HTTPTimeouts.Stage, after: Duration)
        case nameLookup(NameResolutionError)
        case cannotConnect(String)
        case connectionLost(String)
        case proxy(String)
        case tls(TLSReason, String)
        case malformed(MalformedPart, String)
        case tooLarge(limit: Int)
        case redirect(RedirectProblem)
        case source(any Error)
        case status(Int, content: String)
        case notJSON(String)
        case shutDown
        case engine(String)
    }

    /// Why a TLS connection was not made.
    public enum TLSReason: String, Sendable, Hashable, CaseIterable {
        case expired, notYetValid, wrongName, unknownIssuer, selfSigned, other
    }

    /// What of an answer was not as HTTP says.
    public enum MalformedPart: String, Sendable, Hashable, CaseIterable {
        case statusLine, length, fields, chunking, encoding, framing
    }

    /// Why a redirect was not followed.
    public enum RedirectProblem: Sendable, Hashable {
        /// It leads to where it has been.
        case loop
        /// More than so many.
        case tooMany(limit: Int)
        /// From https to http.
        case downgrade
        /// `Location` is missing or wrong; what is wrong with it.
        case badLocation(String)
        /// The content can be sent only once.
        case cannotRepeat
    }

    /// What happened.
    public var kind: Kind
    /// The method of the request.
    public var method: HTTPMethod?
    /// The URL of the request, redacted when shown.
    public var url: HTTPURL?
    /// How often the request was sent.
    public var attempts = 0

    init(_ kind: Kind, method: HTTPMethod? = nil, url: HTTPURL? = nil, attempts: Int = 0) {
        self.kind = kind
        self.method = method
        self.url = url
        self.attempts = attempts
    }

    /// A word for metrics and summaries, of a closed list: the case's name, for a timeout with its stage.
    public var cause: String {
        switch kind {
        case .invalidURL: "invalid_url"
        case .invalidRequest: "invalid_request"
        case .timedOut(let stage, _): "\(stage.rawValue)_timeout"
        case .nameLookup: "name_lookup"
        case .cannotConnect: "cannot_connect"
        case .connectionLost: "connection_lost"
        case .proxy: "proxy"
        case .tls: "tls"
        case .malformed: "malformed"
        case .tooLarge: "too_large"
        case .redirect: "redirect"
        case .source: "source"
        case .status: "status"
        case .notJSON: "not_json"
        case .shutDown: "shut_down"
        case .engine: "engine"
        }
    }
}

extension HTTPError: CustomStringConvertible {
    /// What was tried, what happened, and what to do about it; without secrets.
    public var description: String {
        let subject = [method?.name, url?.redacted].compactMap(\.self).joined(separator: " ")
        let times = attempts > 1 ? " (\(attempts) attempts)" : ""
        return subject.isEmpty ? words : "\(subject): \(words)\(times)"
    }

    private var words: String {
        switch kind {
        case .invalidURL(let error): "\(error)"
        case .invalidRequest(let problem): problem
        case .timedOut(let stage, let after): "\(Self.words(stage)) for \(after) (timeout \(stage.rawValue))"
        case .nameLookup(let error): "\(error)"
        case .cannotConnect(let detail): "cannot connect: \(detail)"
        case .connectionLost(let detail): "the connection was lost: \(detail)"
        case .proxy(let detail): "the proxy refused: \(detail)"
        case .tls(let reason, let detail): "TLS failed: \(Self.words(reason))\(detail.isEmpty ? "" : " (\(detail))")"
        case .malformed(let part, let detail): "the answer is malformed (\(part.rawValue)): \(detail)"
        case .tooLarge(let limit): "the answer has more than \(limit) bytes; stream it, or raise responseLimit"
        case .redirect(let problem): Self.words(problem)
        case .source(let error): "the content to be sent could not be read: \(error)"
        case .status(let status, let content):
            "the server answered \(status)\(content.isEmpty ? "" : ": \(Self.printable(content))")"
        case .notJSON(let detail): "the content is not the JSON that was expected: \(detail)"
        case .shutDown: "the client is shut down"
        case .engine(let detail): detail
        }
    }

    private static func words(_ stage: HTTPTimeouts.Stage) -> String {
        switch stage {
        case .connect: "no connection"
        case .read: "the server sent nothing"
        case .write: "the server took none of the content"
        case .pool: "no free place in the pool"
        case .total: "not done"
        }
    }

    private static func words(_ reason: TLSReason) -> String {
        switch reason {
        case .expired: "the certificate has expired"
        case .notYetValid: "the certificate is not valid yet"
        case .wrongName: "the certificate is for another name"
        case .unknownIssuer: "nobody who is trusted vouches for the certificate"
        case .selfSigned: "the certificate vouches for itself"
        case .other: "no agreement"
        }
    }

    private static func words(_ problem: RedirectProblem) -> String {
        switch problem {
        case .loop: "the redirects lead in a circle"
        case .tooMany(let limit): "more than \(limit) redirects"
        case .downgrade: "a redirect leads from https to http, which is not followed"
        case .badLocation(let detail): "a redirect leads nowhere: \(detail)"
        case .cannotRepeat: "a redirect wants the content again, which can be sent only once"
        }
    }

    private static func printable(_ content: String) -> String {
        String(content.map { $0.isNewline || $0.isASCII && $0 < " " ? " " : $0 })
    }
}
