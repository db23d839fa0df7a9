import ConnectionLifecycle
import Glibc
import HawserWebSocket
import NameResolution
import Transport
import WebSocketProtocol

/// Makes the connections of a run, all with the same settings.
struct BenchDialer: Sendable {
    let loop: EventLoop
    private let resolver = NameResolver()
    private let tls: TLSContext
    private let configuration: WebSocketConfiguration

    init(loop: EventLoop) throws {
        self.loop = loop
        tls = try TLSContext(TLSOptions(verify: false))
        var configuration = WebSocketConfiguration()
        configuration.limits = MessageLimits(messageSize: 64 << 20)
        let isAskedFor = getenv("DEFLATE").map { String(cString: $0) } == "1"
        configuration.compression = isAskedFor ? CompressionPolicy() : nil
        self.configuration = configuration
    }

    /// A connection that has not been started.
    func makeConnection(to url: WebSocketURL, _ handler: any WebSocketHandler) -> WebSocketConnection {
        WebSocketConnection(
            loop: loop,
            resolver: resolver,
            url: url,
            tls: tls,
            configuration: configuration,
            handler: handler
        )
    }
}

/// Why a run has no result.
struct BenchFailure: Error, CustomStringConvertible {
    let reason: String

    init(reason: String) {
        self.reason = reason
    }

    init(_ report: SessionReport) {
        reason = report.detail
    }

    var description: String { reason }
}
