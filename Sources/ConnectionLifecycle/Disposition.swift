/// What to do after a session has ended.
public enum Disposition: Sendable, Hashable {
    /// Dial again after the backoff.
    case retry
    /// The server says when: dial again after this.
    case retryAfter(Duration)
    /// Nothing will change soon without a person: dial again after five minutes, and show as unhealthy.
    case slow
    /// Our credentials were not accepted: refresh them once, then dial again every minute.
    case refreshCredentials
    /// Dial again after this long, or after the backoff if that is longer.
    case after(Duration)

    /// The delay of `slow`.
    public static let slowDelay = Duration.seconds(300)
    /// The delay of `refreshCredentials`, from the second time on.
    public static let credentialDelay = Duration.seconds(60)
    /// The delay of `retryAfter` if the server names none.
    public static let defaultRetryAfter = Duration.seconds(30)
    /// The longest Retry-After that is honoured.
    public static let longestRetryAfter = Duration.seconds(900)
}
