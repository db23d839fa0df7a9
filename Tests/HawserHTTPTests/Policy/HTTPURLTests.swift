import HawserHTTP
import Testing

@Suite("HTTP URLs")
struct HTTPURLTests {
    @Test(
        "references are resolved as RFC 3986 section 5.4 has it",
        arguments: [
            ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
            ("//g", "http://g/"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"), ("g#s", "http://a/b/c/g"), ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"), ("g;x", "http://a/b/c/g;x"), ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"), ("./", "http://a/b/c/"), ("..", "http://a/b/"), ("../", "http://a/b/"),
            ("../g", "http://a/b/g"), ("../..", "http://a/"), ("../../", "http://a/"), ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"), ("../../../../g", "http://a/g"), ("/./g", "http://a/g"),
            ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."), (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."), ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"), ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"), ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"), ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("https://other/x", "https://other/x"),
        ]
    )
    func references(_ reference: String, _ expected: String) throws {
        let base = try HTTPURL("http://a/b/c/d;p?q")
        #expect(try base.resolving(reference).absolute == expected)
    }

    @Test("parts, defaults and the way they are shown")
    func parts() throws {
        let url = try HTTPURL("HTTPS://us%40er:p%3Ass@Api.Example:8443/v1/x?token=secret#top")
        #expect(url.isSecure)
        #expect(url.host == "api.example" && url.port == 8443 && url.authority == "api.example:8443")
        #expect(url.target == "/v1/x?token=secret" && url.path == "/v1/x")
        #expect(url.credentials?.user == "us@er" && url.credentials?.password == "p:ss")
        #expect(url.origin == "https://api.example:8443")
        #expect("\(url)" == "https://api.example:8443/v1/x?…")
        #expect(url.withoutUserinfo.credentials == nil)
        let plain = try HTTPURL("http://[::1]")
        #expect(plain.port == 80 && plain.target == "/" && plain.absolute == "http://[::1]/")
        #expect(plain.origin == "http://[::1]:80")
        // The second URL of a site takes the short way, and must be the same for that.
        let again = try HTTPURL("http://[::1]/a?b")
        #expect(again.origin == plain.origin && again.target == "/a?b")
        #expect(try HTTPURL("http://[::1]/a%20b?c d").target == "/a%20b?c%20d")
    }

    @Test("a query is encoded as a form, behind the one that is there")
    func query() throws {
        let url = try HTTPURL("http://h/p?x=1")
        let pairs = [("a b", "c&d=e"), ("ü", "100%"), ("~", "*-._")]
        #expect(url.adding(query: pairs).target == "/p?x=1&a+b=c%26d%3De&%C3%BC=100%25&%7E=*-._")
        #expect(try HTTPURL("http://h").adding(query: [("a", "")]).target == "/?a=")
        #expect(try HTTPURL("http://h/?").adding(query: [("a", "1")]).target == "/?a=1")
        #expect(try HTTPURL("http://h/größe?q=süß").target == "/gr%C3%B6%C3%9Fe?q=s%C3%BC%C3%9F")
    }

    @Test(
        "what is no URL says which part is wrong",
        arguments: [
            ("", "scheme"), ("example.org", "scheme"), ("ftp://x", "scheme"), ("ws://x", "scheme"),
            ("http:/x", "URL"), ("http://", "host"), ("http://a b/", "host"), ("http://h:0/", "port"),
            ("http://h:99999/", "port"), ("http://h:x/", "port"), ("http://h/\u{1}", "path"), ("http://h/%zz", "path"),
            ("http://ex\u{e4}mple/", "host"), ("http://[::1/", "host"), ("http://u@r@h/", "userinfo"),
        ]
    )
    func wrong(_ text: String, _ part: String) {
        let error = #expect(throws: HTTPURLError.self) { try HTTPURL(text) }
        #expect(error?.part == part)
    }

    @Test("a proxy's URL: schemes, ports, credentials, and none of them shown")
    func proxies() throws {
        for (text, shown) in [
            ("socks5://u:p@host", "socks5h://host:1080"), ("socks5h://host:80", "socks5h://host:80"),
            ("http://u:p@host:3128", "http://host:3128"), ("https://host", "https://host:443"),
        ] {
            #expect(try HTTPProxy.Server(text).description == shown)
        }
        #expect(throws: HTTPURLError.self) { try HTTPProxy.Server("ftp://host") }
        #expect(throws: HTTPURLError.self) { try HTTPProxy.Server("http://host/path") }
    }

    @Test("proxies are the same however they are written, and differ by user and password")
    func sameProxies() throws {
        let proxy = try HTTPProxy.Server("http://us%65r:pass@Proxy.example:80/")
        #expect(proxy == (try HTTPProxy.Server("http://user:pass@proxy.example")))
        #expect(Set([proxy, try HTTPProxy.Server("http://user:pass@proxy.example")]).count == 1)
        #expect(proxy != (try HTTPProxy.Server("http://user:other@proxy.example")))
        #expect(proxy != (try HTTPProxy.Server("http://proxy.example")))
        #expect(proxy != (try HTTPProxy.Server("https://user:pass@proxy.example:80")))
        #expect(try HTTPProxy.Server("socks5h://p") == HTTPProxy.Server("socks5://p:1080"))
    }
}
