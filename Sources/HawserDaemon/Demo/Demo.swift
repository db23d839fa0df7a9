import HawserServers
import Transport

/// The whole product on one machine: a feed server on loopback, and the daemon on `config/demo.yaml`.
public struct Demo: Sendable {
    /// The configuration, as it stands in `config/demo.yaml`.
    public static var configurationText: String {
        String(decoding: PackageResources.demo_yaml, as: UTF8.self)
    }

    private let logger: EventLogger
    private let stop: StopRequest

    /// A demonstration that runs until `stop` is requested.
    public init(logger: EventLogger, stop: StopRequest) {
        self.logger = logger
        self.stop = stop
    }

    /// Starts the server and the daemon; returns when both are closed.
    ///
    /// - Throws: what keeps the server from starting, or `ConfigurationErrors`, `DaemonPlan.Failure`.
    public func run() async throws -> Daemon.Ending {
        let loop = try EventLoop(name: "hawser-demo")
        let server = DemoFeedServer(loop: loop)
        do {
            let port = try await server.start()
            let loader = ConfigurationLoader(environment: ["HAWSER_DEMO_PORT": "\(port)"])
            let loaded = try loader.load(text: Self.configurationText, file: "config/demo.yaml")
            let plan = try DaemonPlan(loaded.configuration, secrets: loader.secrets)
            let ending = await Daemon(
                plan,
                logger: logger,
                notification: ServiceNotification(environment: [:]),
                stop: stop
            ).run()
            await server.stop()
            await loop.shutdown()
            return ending
        } catch {
            await server.stop()
            await loop.shutdown()
            throw error
        }
    }
}
