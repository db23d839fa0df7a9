extension WrongConfiguration {
    private static let login = "requests: {login: {url: https://h/login}}\n"
    private static let others = "use ${env:NAME}, ${file:/PATH} or ${credential:NAME}"

    /// References to requests, and `keep`.
    static let credentials = [
        WrongConfiguration(
            login + "subscriptions: {a: {url: 'wss://h/?t=▸${request:logn:/token}'}}\n",
            "subscriptions.a.url",
            "there is no request \"logn\"",
            remedy: "did you mean \"login\"?"
        ),
        WrongConfiguration(
            "subscriptions: {a: {url: wss://h, subscribe: ['x ▸${request:login:/token}']}}\n",
            "subscriptions.a.subscribe[0]",
            "there is no request \"login\"",
            remedy: "define it under \"requests\""
        ),
        WrongConfiguration(
            login + "subscriptions: {a: {url: wss://h, headers: {X: '▸${request:login:token}'}}}\n",
            "subscriptions.a.headers.X",
            "${request:login:token} names nothing",
            remedy: "a JSON pointer (RFC 6901) is empty or begins with /; ~ is written ~0, / in a name ~1"
        ),
        WrongConfiguration(
            login + "subscriptions: {a: {url: wss://h, headers: {X: '▸${request:login:/a~2}'}}}\n",
            "subscriptions.a.headers.X",
            "${request:login:/a~2} names nothing",
            remedy: "a JSON pointer (RFC 6901) is empty or begins with /; ~ is written ~0, / in a name ~1"
        ),
        WrongConfiguration(
            login + "subscriptions: {a: {url: wss://h, headers: {X: '▸${request:login}'}}}\n",
            "subscriptions.a.headers.X",
            "${request:login} names nothing",
            remedy: "write ${request:NAME:/pointer}"
        ),
        WrongConfiguration(
            login + "subscriptions: {a: {url: 'wss://▸${request:login:/host}.example/'}}\n",
            "subscriptions.a.url",
            "${request:login:/host} stands in the scheme, host or port",
            allowed: "the path and the query",
            remedy: "write the host into the file: limits count by it"
        ),
        WrongConfiguration(
            login + "limits: {connections: '▸${request:login:/n}'}\n",
            "limits.connections",
            "${request:login:/n} cannot stand here: its value is not known before a dial or a call",
            remedy: others
        ),
        WrongConfiguration(
            login + "http: {headers: {X: '▸${request:login:/n}'}}\n",
            "http.headers.X",
            "${request:login:/n} cannot stand here: its value is not known before a dial or a call",
            remedy: others
        ),
        WrongConfiguration(
            "requests: {a: {url: https://h, headers: {X: '▸${request:a:/t}'}}}\n",
            "requests.a.headers.X",
            "requests need each other: a -> a",
            remedy: "let one of them do without the others"
        ),
        WrongConfiguration(
            """
            requests:
              a: {url: https://h, headers: {X: '▸${request:b:/t}'}}
              b: {url: https://h, query: {x: '${request:c:/t}'}}
              c: {url: https://h, json: '{"x":"${request:a:/t}"}'}
              d: {url: https://h, content: '${request:a:/t}'}

            """,
            "requests.a.headers.X",
            "requests need each other: a -> b -> c -> a",
            remedy: "let one of them do without the others"
        ),
        WrongConfiguration(
            "requests: {login: {url: https://h, every: ▸1m}}\n"
                + "subscriptions: {a: {url: wss://h, headers: {X: '${request:login:/t}'}}}\n",
            "requests.login.every",
            "\"every\" does not go with a request that dials, calls or \"keep\" make",
            remedy: "remove it, or make two requests"
        ),
        WrongConfiguration(
            "requests: {login: {url: https://h, valid: 30m, expires_in: ▸/exp}}\n",
            "requests.login.expires_in",
            "\"valid\" and \"expires_in\": an answer has one lifetime",
            remedy: "keep one of them"
        ),
        WrongConfiguration(
            "requests: {login: {url: https://h, expires_in: ▸exp}}\n",
            "requests.login.expires_in",
            "\"exp\" is not a JSON pointer",
            allowed: "/KEY/…, with ~ as ~0 and / in a key as ~1 (RFC 6901)",
            remedy: "write /exp"
        ),
        WrongConfiguration(
            "requests: {login: {url: https://h, valid: ▸0s}}\n",
            "requests.login.valid",
            "\"0s\" is out of range",
            allowed: "1s to 366d"
        ),
        WrongConfiguration(
            login + "subscriptions: {a: {url: wss://h, keep: {request: ▸logn, every: 30m}}}\n",
            "subscriptions.a.keep.request",
            "there is no request \"logn\"",
            remedy: "did you mean \"login\"?"
        ),
        WrongConfiguration(
            login + "subscriptions: {a: {url: wss://h, keep: ▸{request: login}}}\n",
            "subscriptions.a.keep",
            "\"every\" is missing",
            remedy: "write {request: NAME, every: 30m}"
        ),
        WrongConfiguration(
            login + "subscriptions: {a: {url: wss://h, keep: ▸login}}\n",
            "subscriptions.a.keep",
            "{request: NAME, every: 30m} is expected, not text"
        ),
    ]
}
