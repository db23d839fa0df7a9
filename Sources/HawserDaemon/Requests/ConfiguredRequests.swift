import HawserHTTP

/// The section `http` and the requests of a configuration, to be used by hand.
public struct ConfiguredRequests: Sendable {
    private let plan: DaemonPlan

    init(_ plan: DaemonPlan) {
        self.plan = plan
    }

    /// What a client for them does.
    public var client: HTTPConfiguration { plan.http }

    /// The names of the requests, in the order of the file.
    public var names: [String] { plan.requests.map(\.name) }

    /// The request called `name`, every reference read; nil if there is none.
    ///
    /// - Throws: ``CallError``.
    public func request(_ name: String) throws(CallError) -> HTTPRequest? {
        // A reference to another request is refused: nobody makes that one here.
        try plan.requests.first { $0.name == name }?.call(using: plan.secrets.with(.values([:]))).request
    }

    /// `request` with the fields of the section `http` that it does not have itself.
    ///
    /// - Throws: ``CallError``.
    public func adding(to request: HTTPRequest) throws(CallError) -> HTTPRequest {
        var request = request
        for header in plan.configuration.http.headers where request.headers[header.name] == nil {
            let value = try CallError.resolve(header.value, using: plan.secrets).revealed
            if let fault = HeaderSyntax.fault(ofValue: value) { throw .header(name: header.name, problem: fault) }
            request.headers.append(.init(name: header.name, value: value))
        }
        return request
    }
}
