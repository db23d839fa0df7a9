import HawserHTTP

extension Explanation {
    mutating func add(_ http: HTTPSettings) {
        add(http.call, at: "http", inherits: nil)
        add("http.pool.max_connections", "\(http.pool.maxConnections)")
        add("http.pool.max_per_host", "\(http.pool.maxPerHost)")
        add("http.pool.max_keepalive", "\(http.pool.maxKeepalive)")
        add("http.pool.keepalive_expiry", DurationText.format(http.pool.keepaliveExpiry))
        add("http.dns_ttl", DurationText.format(http.dnsTTL))
        let proxy =
            switch http.proxy {
            case .none: "none"
            case .environment: "environment"
            case .server(let template): URLReader.redacted(template)
            }
        add("http.proxy", proxy)
        addTLS(http.tls, at: "http", inherits: nil)
        for header in http.headers { add("http.headers.\(header.name)", Secret.placeholder) }
    }

    mutating func add(_ request: RequestConfiguration) {
        let path = "requests.\(request.name)"
        add("\(path).method", request.method.name, covering: true)
        add("\(path).url", URLReader.redacted(request.url))
        for pair in request.query { add("\(path).query.\(pair.name)", Secret.placeholder) }
        for header in request.headers { add("\(path).headers.\(header.name)", Secret.placeholder) }
        switch request.content {
        case .none: break
        case .json: add("\(path).json", Secret.placeholder)
        case .form(let pairs): for pair in pairs { add("\(path).form.\(pair.name)", Secret.placeholder) }
        case .text: add("\(path).content", Secret.placeholder)
        }
        add("\(path).every", request.every.map(DurationText.format) ?? "none")
        add("\(path).at_start", "\(request.atStart)")
        switch request.lifetime {
        case .untilRefused: break
        case .fixed(let lifetime): add("\(path).valid", DurationText.format(lifetime))
        case .answer(let pointer): add("\(path).expires_in", pointer, covering: true)
        }
        add("\(path).sinks", list(request.sinks))
        add(request.settings, at: path, inherits: "http")
    }

    private mutating func add(_ settings: CallSettings, at path: String, inherits base: String?) {
        for stage in HTTPTimeouts.Stage.allCases {
            let limit = settings.timeouts[stage].map(DurationText.format) ?? "none"
            add("timeouts.\(stage.rawValue)", limit, at: path, inherits: base)
        }
        let retry = settings.retry
        let values = [
            ("attempts", "\(retry.attempts)"), ("first", DurationText.format(retry.first)),
            ("factor", Shown.number(retry.factor)), ("max", DurationText.format(retry.max)),
            ("jitter", Self.text(retry.jitter)), ("statuses", list(retry.statuses.sorted().map(String.init))),
            ("any_method", "\(retry.anyMethod)"), ("retry_after", DurationText.format(retry.longestRetryAfter)),
        ]
        for (key, value) in values { add("retry.\(key)", value, at: path, inherits: base) }
        add("follow_redirects", "\(settings.redirects)", at: path, inherits: base)
    }
}
