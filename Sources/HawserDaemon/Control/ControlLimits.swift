/// The bounds of the control socket: whoever connects, and whatever is sent, costs no more than this.
struct ControlLimits: Sendable {
    /// Clients at once; further ones are told so and let go.
    var clients = 32
    /// The longest request, in bytes.
    var requestBytes = 64 << 10
    /// The bytes of all answers that wait to be read; beyond, requests are refused until clients read.
    var waitingBytes = 64 << 20
    /// How long a client may take to send a request, whole, and as long again to read its answer.
    var patience = Duration.seconds(10)
    /// How long the daemon may take for an answer. Only a loop that is stuck takes longer than a moment.
    var answering = Duration.seconds(10)
    /// How long it may take to reload: reading the file and opening sinks have limits of their own, and so has each session
    /// that is closed and each sink that writes out what it holds.
    var reloading = Duration.seconds(180)
    /// Names or patterns in one request.
    var names = 1_000
}
