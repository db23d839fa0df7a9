extension WrongConfiguration {
    /// Subscriptions but for their URLs.
    static let subscriptions = [
        WrongConfiguration(
            "subscriptions:\n  ▸My Feed: {url: wss://h}\n",
            "subscriptions.My Feed",
            "\"My Feed\" cannot be a name",
            allowed: "1 to 64 of a-z, 0-9, _ and -",
            remedy: "write \"my-feed\""
        ),
        WrongConfiguration(
            "subscriptions:\n  ▸a: {decode: json}\n",
            "subscriptions.a",
            "the subscription has no url",
            remedy: "add \"url: wss://host/path\""
        ),
        WrongConfiguration(
            "subscriptions:\n  ▸a:\n",
            "subscriptions.a",
            "the subscription has no url",
            remedy: "add \"url: wss://host/path\""
        ),
        WrongConfiguration(
            "subscriptions:\n  a: ▸wss://h/x\n",
            "subscriptions.a",
            "a mapping of keys to values is expected, not text",
            remedy: "put the URL under the key \"url\""
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, headers: ▸[X]}}\n",
            "subscriptions.a.headers",
            "a mapping of names to values is expected, not a list"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, headers: {▸X Y: 1}}}\n",
            "subscriptions.a.headers.X Y",
            "\"X Y\" is not the name of a header field",
            allowed: "letters, digits and !#$%&'*+-.^_`|~"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, headers: {▸upgrade: x}}}\n",
            "subscriptions.a.headers.upgrade",
            "the field \"upgrade\" cannot be set",
            remedy: "Hawser sets it: remove it"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, headers: {▸Sec-WebSocket-Protocol: x}}}\n",
            "subscriptions.a.headers.Sec-WebSocket-Protocol",
            "the field \"Sec-WebSocket-Protocol\" cannot be set",
            remedy: "use the key \"subprotocols\""
        ),
        WrongConfiguration(
            "subscriptions:\n  a:\n    url: wss://h\n    headers:\n      X-A: 1\n      ▸x-a: 2\n",
            "subscriptions.a.headers.x-a",
            "the field \"x-a\" is given twice",
            remedy: "names do not depend on case; it was first given in line 5: keep one of them"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, headers: {X: \"a▸\\r\\nb\"}}}\n",
            "subscriptions.a.headers.X",
            "the value has a line break in it",
            remedy: "remove it"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, headers: {X: \"é\\u00E9\\x41▸\\x01\"}}}\n",
            "subscriptions.a.headers.X",
            "the value has a control character in it",
            remedy: "remove it"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, headers: {X: ▸}}}\n",
            "subscriptions.a.headers.X",
            "text is expected, not nothing"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, subprotocols: ▸v1}}\n",
            "subscriptions.a.subprotocols",
            "a list of subprotocols is expected, not text",
            remedy: "put it in brackets: [ … ]"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, subprotocols: [v1, ▸v 2]}}\n",
            "subscriptions.a.subprotocols[1]",
            "\"v 2\" is not a subprotocol's name",
            allowed: "letters, digits and !#$%&'*+-.^_`|~"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, subprotocols: [v1, ▸v1]}}\n",
            "subscriptions.a.subprotocols[1]",
            "\"v1\" is given twice",
            remedy: "keep one of them"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, subscribe: [▸{\"op\": 1}]}}\n",
            "subscriptions.a.subscribe[0]",
            "text is expected, not a mapping",
            remedy: "put JSON in single quotes: '{\"op\":\"subscribe\"}'"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, sinks: ▸[]}}\n",
            "subscriptions.a.sinks",
            "no sink is named: the messages would go nowhere",
            remedy: "name one, or leave \"sinks\" out to write to every sink"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, sinks: [▸archvie]}}\nsinks: {archive: {stdout: {}}}\n",
            "subscriptions.a.sinks[0]",
            "there is no sink \"archvie\"",
            remedy: "did you mean \"archive\"?"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, sinks: [▸kafka]}}\nsinks: {archive: {stdout: {}}}\n",
            "subscriptions.a.sinks[0]",
            "there is no sink \"kafka\"",
            allowed: "archive",
            remedy: "define it under \"sinks\""
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, sinks: [x, ▸x]}}\nsinks: {x: {stdout: {}}}\n",
            "subscriptions.a.sinks[1]",
            "the sink \"x\" is named twice",
            remedy: "keep one of them"
        ),
    ]

    /// URLs: the column is that of the part that is wrong.
    static let urls = [
        url("▸", "the URL: it is empty", allowed: "ws:// or wss:// and a host"),
        url("▸feed.example/ws", "the scheme: there is none", allowed: "ws, wss, ws+unix, as in wss://host/path"),
        url(
            "▸https://feed.example/ws",
            "the scheme: HTTP is not WebSocket (\"https\")",
            allowed: "wss:// for this server"
        ),
        url("wss://h:▸99999/ws", "the port: out of range (\"99999\")", allowed: "1 to 65535"),
        url("wss://h:▸80a/ws", "the port: not a number (\"80a\")", allowed: "1 to 65535"),
        url("wss://[::1]:▸0/", "the port: out of range (\"0\")", allowed: "1 to 65535"),
        url("wss://user:pw@h:▸0/", "the port: out of range (\"0\")", allowed: "1 to 65535"),
        url(
            "wss://h/a▸ b",
            "the path: it has a blank or control character (\" \")",
            allowed: "visible ASCII; %20 for a space"
        ),
        url(
            "wss://h/a?b=▸é",
            "the query: it has a character beyond ASCII",
            allowed: "ASCII; percent-encode the others"
        ),
        url("wss://h/a?b=%41▸%4", "the query: two hexadecimal digits must follow each %", allowed: "%25 for % itself"),
        url(
            "wss://h/a▸#b",
            "the fragment: a WebSocket URL has none",
            allowed: "no #, or %23 if it is part of the path"
        ),
        url(
            "ws+unix:▸run/x.sock:/p",
            "the socket path: it is not absolute (\"run/x.sock:/p\")",
            allowed: "ws+unix:/run/x.sock:/path"
        ),
        url(
            "wss://${env:TOKEN}:▸80a/",
            "the port: not a number (\"80a\")",
            allowed: "1 to 65535"
        ),
        // What a reference yields is not shown, and the reference is what must be corrected.
        url(
            "wss://h:▸${env:TOKEN}/",
            "the port: not a number",
            allowed: "1 to 65535",
            remedy: "correct what the reference yields"
        ),
    ]

    /// References: `${…}`.
    static let references = [
        url(
            "wss://h/?k=▸${env:MISSING}",
            "the environment variable MISSING is not set",
            remedy: "set it before Hawser starts (in a unit: Environment= or EnvironmentFile=)"
        ),
        url(
            "wss://h/?k=▸${file:/etc/missing}",
            "/etc/missing cannot be read: there is no such file",
            remedy: "create it, or correct the path"
        ),
        url(
            "wss://h/?k=▸${file:/etc/locked}",
            "/etc/locked cannot be read: permission denied",
            remedy: "let the user that Hawser runs as read it"
        ),
        url(
            "wss://h/?k=▸${file:/etc/big}",
            "/etc/big cannot be read: it is larger than 64KiB",
            remedy: "a value has at most 64KiB"
        ),
        url(
            "wss://h/?k=▸${file:/etc/binary}",
            "/etc/binary is not text in UTF-8",
            remedy: "store the value as text, for example in base64"
        ),
        url(
            "wss://h/?k=▸${credential:missing}",
            "/run/credentials/hawser.service/missing cannot be read: there is no such file",
            remedy: "add LoadCredential=missing:/PATH to the unit"
        ),
        url(
            "wss://h/?k=▸${credential:../x}",
            "${credential:../x} names nothing",
            remedy: "a credential's name has letters, digits, _, - and . only"
        ),
        url(
            "wss://h/?k=▸${file:token}",
            "${file:token} names nothing",
            remedy: "write an absolute path: ${file:/…}"
        ),
        url(
            "wss://h/?k=▸${env:A-B}",
            "${env:A-B} names nothing",
            remedy: "an environment variable's name has letters, digits and _ only"
        ),
        url("wss://h/?k=▸${env:}", "${env:} names nothing", remedy: "write ${env:NAME}"),
        url(
            "wss://h/?k=▸${vne:A}",
            "unknown reference to \"vne\"",
            remedy: "write ${env:NAME}, ${file:/PATH} or ${credential:NAME}, or $$ for a dollar sign"
        ),
        url(
            "wss://h/?k=▸${evn:A}",
            "unknown reference to \"evn\"",
            remedy: "did you mean \"env\"? "
                + "write ${env:NAME}, ${file:/PATH} or ${credential:NAME}, or $$ for a dollar sign"
        ),
        url(
            "wss://h/?k=$$▸${env:A",
            "\"${\" without \"}\"",
            remedy: "close the reference, or write $$ for a dollar sign"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, headers: {X: \"▸${file:/etc/lines}\"}}}\n",
            "subscriptions.a.headers.X",
            "the value has a line break in it",
            remedy: "correct what the reference yields"
        ),
        WrongConfiguration(
            "subscriptions:\n  a:\n    url: wss://h\n    subscribe:\n    - |\n      {\"op\":1,\n       \"k\":\"▸${env:NO}\"}\n",
            "subscriptions.a.subscribe[0]",
            "the environment variable NO is not set",
            remedy: "set it before Hawser starts (in a unit: Environment= or EnvironmentFile=)"
        ),
        WrongConfiguration(
            "limits: {connections: ▸\"${env:TOKEN}\"}\n",
            "limits.connections",
            "\"${env:TOKEN}\" is not a whole number",
            allowed: "1 to 1000000"
        ),
    ]

    private static func url(
        _ url: String,
        _ problem: String,
        allowed: String? = nil,
        remedy: String? = nil
    ) -> WrongConfiguration {
        // The first character of a quoted text stands behind the quote.
        WrongConfiguration(
            "subscriptions:\n  a:\n    url: '\(url)'\n",
            "subscriptions.a.url",
            problem,
            allowed: allowed,
            remedy: remedy
        )
    }
}
