extension WrongConfiguration {
    /// The proxies of subscriptions.
    static let proxies = [
        WrongConfiguration(
            "defaults: {proxy: ▸ftp://proxy:21}\n",
            "defaults.proxy",
            "the scheme: no proxy of a WebSocket speaks it (\"ftp\")",
            allowed: "http, socks5"
        ),
        WrongConfiguration(
            "defaults: {proxy: \"http://proxy:3128▸/path\"}\n",
            "defaults.proxy",
            "the path: a proxy has none",
            allowed: "http://host:port"
        ),
        WrongConfiguration(
            "defaults: {proxy: \"socks5://proxy:▸99999\"}\n",
            "defaults.proxy",
            "the port: out of range (\"99999\")",
            allowed: "1 to 65535"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: \"ws+unix:/run/x.sock:/\", proxy: ▸socks5://proxy}}\n",
            "subscriptions.a.proxy",
            "a Unix socket is not reached through a proxy",
            remedy: "write proxy: none here"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: \"ws://feed/\", timeouts: {▸proxi: 3s}}}\n",
            "subscriptions.a.timeouts.proxi",
            "unknown key \"proxi\"",
            remedy: "did you mean \"proxy\"?"
        ),
    ]
}
