import HawserHTTP
import Transport

/// A configuration with everything made that can be made before the first connection: what `check` tries and `run` runs.
public struct DaemonPlan: Sendable {
    /// Something that keeps a checked configuration from being run.
    public struct Failure: Sendable {
        /// The key it is about, such as `subscriptions.trades.tls.ca`.
        public let keyPath: String
        /// What is wrong and what to do.
        public let problem: String
    }

    /// Everything that keeps a checked configuration from being run.
    public struct Failures: Error, Sendable, CustomStringConvertible {
        /// At least one.
        public let all: [Failure]

        /// For a person, a line for each.
        public var description: String { all.map { "\($0.keyPath): \($0.problem)" }.joined(separator: "\n") }
    }

    /// The configuration without its subscriptions and requests, which are below: held once, they are most of it.
    public let configuration: Configuration
    /// In the order of the file.
    let subscriptions: [SubscriptionPlan]
    let requests: [RequestPlan]
    /// What the client of the requests does.
    let http: HTTPConfiguration
    let secrets: SecretSources
    /// Every reference to a request.
    let requestReferences: Set<SecretReference>
    /// The names of the requests that dials, calls and `keep` make.
    let calledRequests: Set<String>

    /// Reads certificates and keys, and resolves every reference once.
    ///
    /// - Throws: every subscription that cannot be dialled, every request that cannot be made, and why.
    public init(_ configuration: Configuration, secrets: SecretSources) throws(Failures) {
        var contexts = TLSContexts()
        var subscriptions: [SubscriptionPlan] = []
        var failures: [Failure] = []
        for subscription in configuration.subscriptions {
            let keyPath = "subscriptions.\(subscription.name)"
            do throws(DialTargetError) {
                let target = try subscription.dialTarget(using: secrets)
                var context: TLSContext?
                if target.url.isSecure {
                    do throws(TLSContextError) {
                        context = try contexts.context(for: subscription.settings.tls)
                    } catch {
                        failures.append(Failure(error, in: subscription.settings.tls, at: keyPath))
                    }
                }
                subscriptions.append(
                    SubscriptionPlan(
                        configuration: subscription,
                        target: target,
                        tls: context,
                        limits: configuration.limits.message
                    )
                )
            } catch {
                failures.append(Failure(keyPath: keyPath, problem: error.description))
            }
        }
        http = Self.client(of: configuration, secrets, &contexts, &failures)
        requests = configuration.requests.map { request in
            RequestPlan(configuration: request, common: configuration.http.headers)
        }
        for request in requests {
            do throws(CallError) {
                _ = try request.call(using: secrets)
            } catch {
                failures.append(Failure(keyPath: "requests.\(request.name)", problem: error.description))
            }
        }
        guard failures.isEmpty else { throw Failures(all: failures) }
        requestReferences = Set(subscriptions.flatMap(\.requestReferences) + requests.flatMap(\.requestReferences))
        calledRequests = Set(
            requestReferences.compactMap { $0.request?.name }
                + configuration.subscriptions.compactMap { $0.keep?.request }
        )
        var rest = configuration
        rest.subscriptions = []
        rest.requests = []
        self.configuration = rest
        self.subscriptions = subscriptions
        self.secrets = secrets
    }

    /// The configuration with everything in it.
    var wholeConfiguration: Configuration {
        var whole = configuration
        whole.subscriptions = subscriptions.map(\.configuration)
        whole.requests = requests.map(\.configuration)
        return whole
    }

    /// Whether any request is made by the clock.
    var makesRequests: Bool { requests.contains { !$0.configuration.isIdle } || !calledRequests.isEmpty }

    /// Everything that records come from.
    var sources: [RecordSource] {
        subscriptions.map { .subscription($0.name) } + requests.map { .request($0.name) }
    }

    /// What the client of `configuration` does; a file under `http.tls` that cannot be used is a failure.
    private static func client(
        of configuration: Configuration,
        _ secrets: SecretSources,
        _ contexts: inout TLSContexts,
        _ failures: inout [Failure]
    ) -> HTTPConfiguration {
        let settings = configuration.http
        if settings.tls != ConfigurationDefaults.tls {
            do throws(TLSContextError) {
                _ = try contexts.context(for: settings.tls)
            } catch {
                failures.append(Failure(error, in: settings.tls, at: "http"))
            }
        }
        do throws(CallError) {
            return try settings.client(
                using: secrets,
                responseLimit: configuration.limits.message.messageSize
            )
        } catch {
            failures.append(Failure(keyPath: "http", problem: error.description))
            return HTTPConfiguration()
        }
    }
}

extension DaemonPlan.Failure {
    fileprivate init(_ error: TLSContextError, in options: TLSOptions, at keyPath: String) {
        if error.key == "key", options.clientKey == nil, let certificate = options.clientCertificate {
            self.keyPath = keyPath + ".tls.key"
            problem = "it is missing, and \(certificate) holds no private key: name the key's file"
        } else {
            self.keyPath = keyPath + ".tls." + error.key
            problem = error.description
        }
    }
}

extension TLSContextError {
    /// The key of the section `tls` that is at fault.
    fileprivate var key: String {
        switch self {
        case .unreadable(.certificateAuthority, _, _), .malformed(.certificateAuthority, _, _), .openSSL: "ca"
        case .unreadable(.clientCertificate, _, _), .malformed(.clientCertificate, _, _): "cert"
        case .unreadable(.clientKey, _, _), .malformed(.clientKey, _, _), .encryptedKey, .keyMismatch,
            .keyWithoutCertificate:
            "key"
        }
    }
}
