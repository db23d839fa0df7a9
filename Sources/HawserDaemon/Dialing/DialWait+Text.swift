import ConnectionLifecycle

extension DialWait.Reason {
    /// For a program.
    var name: String {
        switch self {
        case .retryAfter: "retry_after"
        case .rate: "rate"
        case .origin: "origin"
        case .process: "process"
        }
    }

    /// For a person.
    var text: String {
        switch self {
        case .retryAfter: "its host asked to be left alone"
        case .rate(let rate): "its host is dialled at most \(RateText.format(rate))"
        case .origin: "limits.dials.per_origin is reached"
        case .process: "limits.dials.concurrent is reached"
        }
    }
}
