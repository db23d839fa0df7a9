extension WrongConfiguration {
    private static let keys =
        "a close code (1000 to 4999), an HTTP status (100 to 599), dns, network, proxy, timeout, tls, certificate, handshake, "
        + "credential, peer_vanished, reset, ping_timeout, protocol_error, too_big"
    private static let values = "retry, slow, refresh, retry_after, or a delay from 1ms to 1d"

    /// What follows after an end.
    static let dispositions = [
        WrongConfiguration(
            "defaults: {dispositions: {▸5000: slow}}\n",
            "defaults.dispositions.5000",
            "\"5000\" is no end of a dial or a session",
            allowed: keys
        ),
        WrongConfiguration(
            "defaults: {dispositions: {▸0404: slow}}\n",
            "defaults.dispositions.0404",
            "\"0404\" is no end of a dial or a session",
            allowed: keys
        ),
        WrongConfiguration(
            "defaults: {dispositions: {▸certificat: slow}}\n",
            "defaults.dispositions.certificat",
            "\"certificat\" is no end of a dial or a session",
            remedy: "did you mean \"certificate\"?"
        ),
        WrongConfiguration(
            "defaults: {dispositions: {▸1006: slow}}\n",
            "defaults.dispositions.1006",
            "no answer and no Close frame has 1006",
            remedy: "write peer_vanished, for an end without a Close frame"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, dispositions: {4003: ▸refesh}}}\n",
            "subscriptions.a.dispositions.4003",
            "unknown value \"refesh\"",
            allowed: values,
            remedy: "did you mean \"refresh\"?"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, dispositions: {4008: ▸120}}}\n",
            "subscriptions.a.dispositions.4008",
            "\"120\" is not a duration",
            allowed: "a whole number with a unit (ms, s, m, h, d), 1ms to 1d",
            remedy: "write 120s"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, dispositions: {4008: ▸2d}}}\n",
            "subscriptions.a.dispositions.4008",
            "\"2d\" is out of range",
            allowed: "1ms to 1d"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, dispositions: ▸slow}}\n",
            "subscriptions.a.dispositions",
            "a mapping of ends to what follows is expected, not text"
        ),
    ]
}
