import ConnectionLifecycle
import HawserHTTP
import Transport
import WebSocketProtocol

/// Every default of the configuration.
///
/// Those of a policy (timeouts, ping, reconnect, TLS, compression, message limits) are the policy type's own, so that the library
/// and the daemon agree.
public enum ConfigurationDefaults {
    /// `limits.connections`.
    public static let connections = 100
    /// `limits.message_size` and `limits.fragments`: 4 MiB in at most 1,000,000 frames.
    public static let message = MessageLimits()
    /// `limits.dials`: 20 at once, 1 of each origin at once, 5/s of each host.
    public static let dials = DialGovernor.Limits()
    /// `loops`.
    public static let loops = 1
    /// `timeouts` and `pause_max`: dns 3 s, tcp 3 s, tls 4 s, upgrade 5 s, dial 10 s, close 2 s, pause 60 s.
    public static let timeouts = SessionTimeouts()
    /// `ping`: every 20 s, answered within 10 s.
    public static let pingEvery = Duration.seconds(20)
    /// `ping.timeout`.
    public static let pingTimeout = Duration.seconds(10)
    /// `reconnect`: first 1 s, factor 2, at most 30 s, full jitter, at least 250 ms, reset after 10 s.
    public static let reconnect = Backoff.Policy()
    /// `tls`: the system's authorities, no client certificate, verification on, TLS 1.2 or later.
    public static let tls = TLSOptions()
    /// `compression.enabled`.
    public static let compressionIsEnabled = true
    /// `compression`: from 256 bytes on, in 64 KiB for each connection.
    public static let compression = CompressionPolicy()
    /// `overflow`.
    public static let overflow = OverflowPolicy.pause
    /// `decode`.
    public static let decode = PayloadDecoding.text
    /// `http.timeouts`: connect 5 s, read 10 s, write 10 s, pool 5 s, total 30 s.
    public static let callTimeouts = HTTPTimeouts()
    /// `http.retry`: 4 attempts, first 1 s, factor 2, at most 30 s, plus or minus a quarter.
    public static let retry = RetryPolicy()
    /// `http.follow_redirects`.
    public static let callRedirects = 20
    /// `http.pool`: 100 connections, 20 per host, 20 kept idle for 30 s.
    public static let pool = HTTPPoolLimits()
    /// `http.dns_ttl`.
    public static let dnsTTL = Duration.seconds(60)
    /// `watermarks`: high 8 MiB, low 2 MiB.
    public static let watermarks = Watermarks()
    /// The only sink if none is configured.
    public static let sink = SinkConfiguration(name: "stdout", target: .stdout, watermarks: watermarks)
    /// `rotate.keep`, where a file is rotated at all.
    public static let rotateKeep = 30
    /// `rotate.compress`.
    public static let rotateCompression = RotationConfiguration.Compression.gzip
    /// `fsync`.
    public static let fsync = FsyncConfiguration.interval(.seconds(1))
    /// `shutdown.drain`.
    public static let drain = Duration.seconds(7)
    /// `log.level`.
    public static let logLevel = LogConfiguration.Level.info
    /// `log.format`.
    public static let logFormat = LogFormat.auto
}

/// The range of every number, duration and size in the configuration: nothing is without a limit.
enum ConfigurationBounds {
    static let connections = 1...1_000_000
    static let dials = 1...10_000
    /// Each that counts is remembered, and written to the state directory.
    static let rateCount = 1...10_000
    static let rateWindow = Duration.milliseconds(100)...Duration.seconds(86_400)
    static let rates = 4
    static let messageSize = 256...(1 << 30)
    static let fragments = 1...1_000_000_000
    static let loops = 1...64
    static let stageTimeout = Duration.milliseconds(10)...Duration.seconds(300)
    static let dialTimeout = Duration.milliseconds(10)...Duration.seconds(600)
    /// The lifecycle ends every session within 3 s of being told, whatever the peer does.
    static let closeTimeout = Duration.milliseconds(10)...ConfigurationDefaults.timeouts.hardClose
    static let pingEvery = Duration.milliseconds(100)...Duration.seconds(86_400)
    static let pingTimeout = Duration.milliseconds(100)...Duration.seconds(3_600)
    static let reconnectFirst = Duration.milliseconds(1)...Duration.seconds(3_600)
    static let reconnectFactor = 1.0...100.0
    static let reconnectMax = Duration.milliseconds(1)...Duration.seconds(86_400)
    static let reconnectFloor = Duration.zero...Duration.seconds(3_600)
    static let jitterFraction = 0.0...1.0
    static let dispositions = 200
    static let dispositionDelay = Duration.milliseconds(1)...Duration.seconds(86_400)
    static let resetAfter = Duration.zero...Duration.seconds(86_400)
    static let compressionThreshold = 0...messageSize.upperBound
    /// Beyond a mebibyte nothing is left to be spent: the largest window and the fastest tables need half of it.
    static let compressionMemory = CompressionPolicy.memoryMinimum...(1 << 20)
    static let callTimeout = Duration.milliseconds(10)...Duration.seconds(3_600)
    static let callRedirects = 0...1_000
    static let poolConnections = 1...10_000
    static let poolKeepalive = 0...10_000
    /// The client counts it in whole seconds.
    static let keepaliveExpiry = Duration.seconds(1)...Duration.seconds(3_600)
    static let dnsTTL = Duration.zero...Duration.seconds(86_400)
    static let attempts = 1...100
    static let statuses = 400...599
    static let retryAfter = Duration.zero...Duration.seconds(86_400)
    /// Also what an answer may say of itself; beyond that it is cut.
    static let lifetime = Duration.seconds(1)...Duration.seconds(86_400 * 366)
    static let requestEvery = Duration.milliseconds(100)...Duration.seconds(86_400 * 31)
    static let pauseMax = Duration.milliseconds(100)...Duration.seconds(86_400)
    static let watermarkHigh = (4 << 10)...(1 << 40)
    static let watermarkLow = 0...(1 << 40)
    static let rotateSize = (1 << 10)...(1 << 50)
    static let rotateEvery = Duration.seconds(1)...Duration.seconds(86_400 * 366)
    static let rotateKeep = 1...100_000
    static let fsyncInterval = Duration.milliseconds(10)...Duration.seconds(3_600)
    static let drain = Duration.zero...Duration.seconds(600)

    static let subscriptions = 100_000
    static let requests = 1_000
    static let sinks = 64
    static let headers = 100
    static let subprotocols = 64
    static let subscribeMessages = 1_000
    static let pathLength = 4_096
}
