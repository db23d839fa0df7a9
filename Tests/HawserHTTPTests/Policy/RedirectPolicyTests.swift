import Testing
import WebSocketProtocol

@testable import HawserHTTP

@Suite("Redirects")
struct RedirectPolicyTests {
    private func decide(
        _ status: Int,
        _ location: String?,
        _ method: HTTPMethod = .get,
        from url: String = "https://a.example/x",
        policy: RedirectPolicy = .follow(limit: 3),
        visited: [String] = []
    ) throws -> RedirectPolicy.Decision {
        let fields = HTTPFields(location.map { [.init(name: "Location", value: $0)] } ?? [])
        let head = ExchangeHead(status: status, version: "1.1", block: FieldBlock(fields))
        return policy.decide(head, method: method, url: try HTTPURL(url), visited: visited)
    }

    @Test(
        "the method that follows, and whether the content goes with it",
        arguments: [
            (301, "POST", "GET", false), (302, "POST", "GET", false), (303, "POST", "GET", false),
            (307, "POST", "POST", true), (308, "POST", "POST", true), (301, "PUT", "PUT", true),
            (302, "DELETE", "DELETE", true), (303, "PUT", "GET", false), (303, "HEAD", "HEAD", false),
            (301, "GET", "GET", true), (302, "HEAD", "HEAD", true),
        ]
    )
    func methods(_ status: Int, _ before: String, _ after: String, _ keeps: Bool) throws {
        guard case .follow(let hop) = try decide(status, "/y", try #require(HTTPMethod(before))) else {
            Issue.record("not followed")
            return
        }
        #expect(hop.method.name == after)
        #expect(hop.keepsContent == keeps)
        #expect(hop.url.absolute == "https://a.example/y")
        #expect(hop.keepsCredentials)
    }

    @Test("an answer without Location, of another status, or when none are followed, is the answer")
    func answers() throws {
        #expect(try decide(302, nil) == .answer)
        #expect(try decide(304, "/y") == .answer)
        #expect(try decide(300, "/y") == .answer)
        #expect(try decide(200, "/y") == .answer)
        #expect(try decide(302, "/y", policy: .none) == .answer)
    }

    @Test("credentials stay with their origin: scheme, host and port")
    func origins() throws {
        for (location, keeps) in [
            ("https://a.example:443/y", true), ("https://b.example/y", false), ("https://a.example:8443/y", false),
            ("//a.example/y", true),
        ] {
            guard case .follow(let hop) = try decide(302, location) else {
                Issue.record("\(location) not followed")
                continue
            }
            #expect(hop.keepsCredentials == keeps, "\(location)")
        }
        guard case .follow(let up) = try decide(302, "https://a.example/", from: "http://a.example/") else {
            Issue.record("http to https not followed")
            return
        }
        #expect(!up.keepsCredentials)
        guard case .follow(let named) = try decide(302, "https://u:p@a.example/") else {
            Issue.record("not followed")
            return
        }
        #expect(named.url.credentials == nil)
    }

    @Test("circles, too many, the way down and nowhere are errors of their own")
    func refusals() throws {
        #expect(try decide(302, "/x") == .fail(.loop))
        #expect(try decide(302, "/y", visited: ["GET https://a.example/y"]) == .fail(.loop))
        #expect(try decide(302, "/y", visited: ["GET a", "GET b", "GET c"]) == .fail(.tooMany(limit: 3)))
        #expect(try decide(302, "/y", visited: ["GET a", "GET b"]) != .fail(.tooMany(limit: 3)))
        #expect(try decide(302, "http://a.example/y") == .fail(.downgrade))
        guard case .fail(.badLocation) = try decide(302, "ftp://a.example/") else {
            Issue.record("another scheme was followed")
            return
        }
        // A POST that becomes a GET of the same resource is no circle.
        guard case .follow = try decide(303, "/x", .post) else {
            Issue.record("not followed")
            return
        }
    }
}
