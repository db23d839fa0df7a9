import ArgumentParser
import HawserHTTP

/// How long, how often and how far.
struct FetchLimitOptions: ParsableArguments {
    @Option(help: "The most time for the whole call, such as 10s; retries and redirects included.")
    var timeout: DurationArgument?

    @Option(help: "The most time until there is a connection: look-up, TCP and TLS.")
    var connectTimeout: DurationArgument?

    @Option(help: "The most time without a byte of the answer.")
    var readTimeout: DurationArgument?

    @Option(help: "The most time in which none of the content can be sent.")
    var writeTimeout: DurationArgument?

    @Option(help: "The most time in the queue for a connection.")
    var poolTimeout: DurationArgument?

    @Option(help: "Attempts in all, if there is no answer or the status says to try again; delays grow from 1 s.")
    var retry: Int?

    @Option(name: .customLong("max-redirects"), help: "Redirects to follow, 20 unless told; 0 for none.")
    var redirects: Int?

    func validate() throws {
        guard (1...100).contains(retry ?? 1) else { throw ValidationError("--retry must be 1 to 100") }
        guard (0...1000).contains(redirects ?? 0) else { throw ValidationError("--max-redirects must be 0 to 1000") }
    }

    /// - Parameter isConfigured: whether what is not said here has been said by a configuration.
    func apply(to configuration: inout HTTPConfiguration, isConfigured: Bool) {
        if !isConfigured {
            // By hand there is no limit for the whole: a long download is not a failure.
            configuration.timeouts.total = nil
            configuration.timeouts.pool = nil
        }
        apply(to: &configuration.timeouts)
        if let retry { configuration.retry = retry > 1 ? RetryPolicy(attempts: retry) : .never }
        if let redirects { configuration.redirects = redirects == 0 ? .none : .follow(limit: redirects) }
    }

    /// Puts what is said here into a request that has settings of its own.
    func apply(to request: inout HTTPRequest) {
        if var timeouts = request.timeouts {
            apply(to: &timeouts)
            request.timeouts = timeouts
        }
        if let retry { request.retry = retry > 1 ? RetryPolicy(attempts: retry) : .never }
        if let redirects { request.redirects = redirects == 0 ? RedirectPolicy.none : .follow(limit: redirects) }
    }

    private func apply(to timeouts: inout HTTPTimeouts) {
        if let timeout { timeouts.total = timeout.duration }
        if let connectTimeout { timeouts.connect = connectTimeout.duration }
        if let readTimeout { timeouts.read = readTimeout.duration }
        if let writeTimeout { timeouts.write = writeTimeout.duration }
        if let poolTimeout { timeouts.pool = poolTimeout.duration }
    }
}
