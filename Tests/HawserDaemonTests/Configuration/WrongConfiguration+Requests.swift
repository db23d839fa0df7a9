extension WrongConfiguration {
    /// The sections `http` and `requests`.
    static let requests = [
        WrongConfiguration(
            "http: {▸timeout: {read: 1s}}\n",
            "http.timeout",
            "unknown key \"timeout\"",
            remedy: "did you mean \"timeouts\"?"
        ),
        WrongConfiguration(
            "http: {timeouts: {read: ▸1h, total: 10s}}\n",
            "http.timeouts.read",
            "read 1h can never pass: the whole call has 10s",
            allowed: "at most 10s",
            remedy: "lower it, or raise timeouts.total"
        ),
        WrongConfiguration(
            "http: {pool: {max_per_host: ▸0}}\n",
            "http.pool.max_per_host",
            "\"0\" is out of range",
            allowed: "1 to 10000"
        ),
        WrongConfiguration(
            "http: {pool: {keepalive_expiry: ▸500ms}}\n",
            "http.pool.keepalive_expiry",
            "\"500ms\" is out of range",
            allowed: "1s to 1h"
        ),
        WrongConfiguration(
            "http: {retry: {attempts: ▸101}}\n",
            "http.retry.attempts",
            "\"101\" is out of range",
            allowed: "1 to 100"
        ),
        WrongConfiguration(
            "http: {retry: {first: ▸2m, max: 1m}}\n",
            "http.retry.first",
            "first 2m is longer than max 1m",
            allowed: "first at most max",
            remedy: "lower first, or raise max"
        ),
        WrongConfiguration(
            "http: {retry: {statuses: [▸200]}}\n",
            "http.retry.statuses[0]",
            "\"200\" is out of range",
            allowed: "400 to 599"
        ),
        WrongConfiguration(
            "http: {retry: ▸never}\n",
            "http.retry",
            "off, or {attempts: 4, first: 1s, factor: 2, max: 30s, jitter: 0.25}, is expected, not text"
        ),
        WrongConfiguration(
            "http: {proxy: ▸ftp://proxy:21}\n",
            "http.proxy",
            "the scheme: no proxy speaks it (\"ftp\")",
            allowed: "http, https, socks5"
        ),
        WrongConfiguration(
            "http: {headers: {▸Content-Length: 3}}\n",
            "http.headers.Content-Length",
            "the field \"Content-Length\" cannot be set",
            remedy: "Hawser sets what a message needs: remove it"
        ),
        WrongConfiguration(
            "http: {tls: {key: ▸/k.pem}}\n",
            "http.tls.key",
            "a key without a certificate",
            remedy: "name the certificate's file with \"cert\""
        ),
        WrongConfiguration(
            "requests: {▸a: {every: 1s}}\n",
            "requests.a",
            "the request has no url",
            remedy: "add \"url: https://host/path\""
        ),
        WrongConfiguration(
            "requests: {a: ▸https://h/x}\n",
            "requests.a",
            "a mapping of keys to values is expected, not text",
            remedy: "put the URL under the key \"url\""
        ),
        WrongConfiguration(
            "requests: {a: {url: ▸wss://h, every: 1s}}\n",
            "requests.a.url",
            "the scheme: WebSocket is not plain HTTP (\"wss\")",
            allowed: "http, https"
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h:▸99999/, every: 1s}}\n",
            "requests.a.url",
            "the port: out of range (\"99999\")",
            allowed: "1 to 65535"
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, every: ▸50ms}}\n",
            "requests.a.every",
            "\"50ms\" is out of range",
            allowed: "100ms to 31d"
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, every: 1s, method: ▸post}}\n",
            "requests.a.method",
            "\"post\" is another method than POST: methods depend on case",
            remedy: "write POST"
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, every: 1s, method: ▸GE T}}\n",
            "requests.a.method",
            "\"GE T\" is no method",
            allowed: "GET, POST, PUT, PATCH, DELETE, HEAD, OPTIONS, or another token"
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, every: 1s, json: ▸'{\"a\":'}}\n",
            "requests.a.json",
            "this is not JSON",
            remedy: "correct it; as any text it could stand under \"content\""
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, every: 1s, json: ▸{a: 1}}}\n",
            "requests.a.json",
            "text is expected, not a mapping",
            remedy: "put JSON in single quotes: '{\"symbol\":\"BTC\"}'"
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, every: 1s, json: '1', form: ▸{b: c}}}\n",
            "requests.a.form",
            "\"json\" and \"form\": a request has one content",
            remedy: "keep one of them"
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, every: 1s, query: ▸[b]}}\n",
            "requests.a.query",
            "a mapping of names to values is expected, not a list"
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, every: 1s, sinks: [▸scren]}}\nsinks: {screen: {stdout: {}}}\n",
            "requests.a.sinks[0]",
            "there is no sink \"scren\"",
            remedy: "did you mean \"screen\"?"
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, every: 1s, sinks: ▸[]}}\n",
            "requests.a.sinks",
            "no sink is named: the answers would go nowhere",
            remedy: "name one, or leave \"sinks\" out to write to every sink"
        ),
        WrongConfiguration(
            "requests: {a: {url: \"https://h/${env:▸NOBODY}\", every: 1s}}\n".replacing("${env:▸", with: "▸${env:"),
            "requests.a.url",
            "the environment variable NOBODY is not set",
            remedy: "set it before Hawser starts (in a unit: Environment= or EnvironmentFile=)"
        ),
    ]
}
