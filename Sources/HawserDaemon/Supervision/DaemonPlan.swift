import Transport

/// A configuration with everything made that can be made before the first connection: what `check` tries and `run` runs.
public struct DaemonPlan: Sendable {
    /// Why a checked configuration cannot be run.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// The key it is about, such as `subscriptions.trades.tls.ca`.
        public let keyPath: String
        /// What is wrong and what to do.
        public let problem: String

        /// For a person.
        public var description: String { "\(keyPath): \(problem)" }
    }

    /// The configuration.
    public let configuration: Configuration
    let subscriptions: [SubscriptionPlan]
    let secrets: SecretSources

    /// Reads certificates and keys, and resolves every reference once.
    ///
    /// - Throws: the first subscription that cannot be dialled, and why.
    public init(_ configuration: Configuration, secrets: SecretSources) throws(Failure) {
        var contexts = TLSContexts()
        var subscriptions: [SubscriptionPlan] = []
        for (index, subscription) in configuration.subscriptions.enumerated() {
            let target: DialTarget
            do {
                target = try subscription.dialTarget(using: secrets)
            } catch {
                throw Failure(keyPath: "subscriptions.\(subscription.name)", problem: error.description)
            }
            var context: TLSContext?
            if target.url.isSecure {
                do {
                    context = try contexts.context(for: subscription.settings.tls)
                } catch {
                    throw Failure(
                        keyPath: "subscriptions.\(subscription.name).tls.\(error.key)",
                        problem: error.description
                    )
                }
            }
            subscriptions.append(
                SubscriptionPlan(
                    index: index,
                    configuration: subscription,
                    target: target,
                    tls: context,
                    limits: configuration.limits.message
                )
            )
        }
        self.configuration = configuration
        self.subscriptions = subscriptions
        self.secrets = secrets
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
