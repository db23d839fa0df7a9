/// The name of everything the daemon logs: fixed, so that a filter written today still works next year.
///
/// Documented with their fields in `docs/logging.md`; a test keeps the two in step.
public enum EventName: String, Sendable, CaseIterable {
    case daemonStarting = "daemon.starting"
    case daemonReady = "daemon.ready"
    case daemonSummary = "daemon.summary"
    case daemonReloading = "daemon.reloading"
    case daemonReloaded = "daemon.reloaded"
    case daemonReloadFailed = "daemon.reload_failed"
    case daemonStopping = "daemon.stopping"
    case daemonStopped = "daemon.stopped"
    case daemonFailed = "daemon.failed"

    case configurationWarning = "configuration.warning"
    case configurationError = "configuration.error"
    case signalIgnored = "signal.ignored"

    case controlListening = "control.listening"
    case controlUnavailable = "control.unavailable"
    case controlRefused = "control.refused"
    case controlCommand = "control.command"

    case subscriptionWaiting = "subscription.waiting"
    case subscriptionDialing = "subscription.dialing"
    case subscriptionOpened = "subscription.opened"
    case subscriptionClosed = "subscription.closed"
    case subscriptionPaused = "subscription.paused"
    case subscriptionResumed = "subscription.resumed"
    case subscriptionStopped = "subscription.stopped"
    case dialWaiting = "dial.waiting"
    case dialFailed = "dial.failed"
    case dialsFailing = "dials.failing"
    case hostRecovered = "host.recovered"
    case dialsRestored = "dials.restored"
    case dialsUnreadable = "dials.unreadable"
    case dialsUnsaved = "dials.unsaved"
    case dialsSaved = "dials.saved"

    case requestAnswered = "request.answered"
    case requestFailed = "request.failed"
    case requestRetried = "request.retried"
    case requestRecovered = "request.recovered"
    case requestCancelled = "request.cancelled"

    case credentialRefused = "credential.refused"
    case keepFailed = "keep.failed"

    case sinkOpened = "sink.opened"
    case sinkBlocked = "sink.blocked"
    case sinkResumed = "sink.resumed"
    case sinkDiskFull = "sink.disk_full"
    case sinkRecovered = "sink.recovered"
    case sinkRotated = "sink.rotated"
    case sinkTornTail = "sink.torn_tail"
    case sinkFailed = "sink.failed"
    case sinkLost = "sink.lost"

    case loopStuck = "loop.stuck"
    case transportError = "transport.error"
    case logDropped = "log.dropped"
}

/// The name of every field of a log line.
public enum LogField: String, Sendable, CaseIterable {
    case subscription, request, session, attempt, attempts, outcome, cause, stage, address, subprotocol, compression
    case sink, path, error, remedy
    case position
    case closeCode = "close_code"
    case closeReason = "close_reason"
    case status
    case content
    case delayMilliseconds = "delay_ms"
    case uptimeMilliseconds = "uptime_ms"
    case silenceMilliseconds = "silence_ms"
    case longestSilenceMilliseconds = "longest_silence_ms"
    case pausedMilliseconds = "paused_ms"
    case longestGapMilliseconds = "longest_gap_ms"
    case receivedMessages = "received_messages"
    case receivedBytes = "received_bytes"
    case queuedBytes = "queued_bytes"
    case gateMilliseconds = "gate_ms"
    case dnsMilliseconds = "dns_ms"
    case tcpMilliseconds = "tcp_ms"
    case proxyMilliseconds = "proxy_ms"
    case tlsMilliseconds = "tls_ms"
    case upgradeMilliseconds = "upgrade_ms"
    case totalMilliseconds = "total_ms"
    case pingRoundTripMicroseconds = "ping_rtt_us"
    case tlsVersion = "tls_version"
    case tlsVerify = "tls_verify"
    case suppressed
    case sessions, reconnects, open, waiting
    case backingOff = "backing_off"
    case subscriptions, requests, connections, hosts
    case added, changed, adjusted, removed, unchanged
    case bytes, records, signal, version, run, loop
    case command, by, peer
    case logLevel = "log_level"
}
