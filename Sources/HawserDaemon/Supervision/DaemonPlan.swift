import Transport

/// A configuration with everything made that can be made before the first connection: what `check` tries and `run` runs.
public struct DaemonPlan: Sendable {
    /// Why a checked configuration cannot be run.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        /// The subscription it is about.
        public let subscription: String
        /// What is wrong and what to do.
        public let problem: String

        /// For a person.
        public var description: String { "subscriptions.\(subscription): \(problem)" }
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
                throw Failure(subscription: subscription.name, problem: error.description)
            }
            var context: TLSContext?
            if target.url.isSecure {
                do {
                    context = try contexts.context(for: subscription.settings.tls)
                } catch {
                    throw Failure(subscription: subscription.name, problem: "tls: \(error)")
                }
            }
            subscriptions.append(
                SubscriptionPlan(
                    index: index, configuration: subscription, target: target, tls: context,
                    limits: configuration.limits.message))
        }
        self.configuration = configuration
        self.subscriptions = subscriptions
        self.secrets = secrets
    }
}
