extension WrongConfiguration {
    private static let rate = "1 to 10000 in a window of 100ms to 1d, such as 5/s or 300/5m"

    /// The rates of messages.
    static let sends = [
        WrongConfiguration(
            "limits: {sends: {▸per_hots: 5/s}}\n",
            "limits.sends.per_hots",
            "unknown key \"per_hots\"",
            remedy: "did you mean \"per_host\"?"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, send: [▸5]}}\n",
            "subscriptions.a.send[0]",
            "\"5\" is not a rate",
            allowed: rate,
            remedy: "write 5/s"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, send: ▸[1/s, 9/m], ping: {counted: true}}}\n",
            "subscriptions.a.send",
            "1/s leaves no message beside counted pings: one window may hold 1 of them",
            remedy: "raise the rate, ping less often, or do not count pings"
        ),
        WrongConfiguration(
            "defaults: {send: ▸3/m, ping: {every: 20s, counted: true}}\n",
            "defaults.send",
            "3/m leaves no message beside counted pings: one window may hold 4 of them",
            remedy: "raise the rate, ping less often, or do not count pings"
        ),
        WrongConfiguration(
            "defaults: {ping: {counted: ▸yes}}\n",
            "defaults.ping.counted",
            "\"yes\" is neither true nor false",
            allowed: "true, false",
            remedy: "write true"
        ),
    ]

    /// The limits on dials.
    static let dials = [
        WrongConfiguration(
            "limits: {dials: {▸concurent: 20}}\n",
            "limits.dials.concurent",
            "unknown key \"concurent\"",
            remedy: "did you mean \"concurrent\"?"
        ),
        WrongConfiguration(
            "limits: {dials: {concurrent: ▸0}}\n",
            "limits.dials.concurrent",
            "\"0\" is out of range",
            allowed: "1 to 10000"
        ),
        WrongConfiguration(
            "limits: {dials: {per_origin: ▸many}}\n",
            "limits.dials.per_origin",
            "\"many\" is not a whole number",
            allowed: "1 to 1000000"
        ),
        WrongConfiguration(
            "limits: {dials: ▸20/s}\n",
            "limits.dials",
            "a mapping of keys to values is expected, not text"
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: ▸5}}\n",
            "limits.dials.per_host",
            "\"5\" is not a rate",
            allowed: rate,
            remedy: "write 5/s"
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: [5/s, ▸300 per 5 minutes]}}\n",
            "limits.dials.per_host[1]",
            "\"300 per 5 minutes\" is not a rate",
            allowed: rate,
            remedy: "write 300/5m"
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: [▸10 / sec]}}\n",
            "limits.dials.per_host[0]",
            "\"10 / sec\" is not a rate",
            allowed: rate,
            remedy: "write 10/s"
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: [▸fast]}}\n",
            "limits.dials.per_host[0]",
            "\"fast\" is not a rate",
            allowed: rate
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: [▸0/s]}}\n",
            "limits.dials.per_host[0]",
            "\"0/s\" is not a rate",
            allowed: rate
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: ▸5/2d}}\n",
            "limits.dials.per_host",
            "\"5/2d\" is out of range",
            allowed: rate
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: ▸99999999999999999999/s}}\n",
            "limits.dials.per_host",
            "\"99999999999999999999/s\" is not a rate",
            allowed: rate
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: [5/s, ▸300/1s]}}\n",
            "limits.dials.per_host[1]",
            "300/s and 5/s are limits of the same window",
            remedy: "keep the lower one"
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: ▸[]}}\n",
            "limits.dials.per_host",
            "the list of rates is empty",
            remedy: "write none, or a rate such as 5/s"
        ),
        WrongConfiguration(
            "limits: {dials: {per_host: ▸[1/s, 2/2s, 3/3s, 4/4s, 5/5s]}}\n",
            "limits.dials.per_host",
            "5 rates are too many",
            allowed: "at most 4"
        ),
    ]
}
