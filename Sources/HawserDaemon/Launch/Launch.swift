import Glibc
import Logging

/// What the subcommands do: load, tell of mistakes, run, and end with a status.
public struct Launch: Sendable {
    private let environment: [String: String]

    /// A launch in a process with these environment variables.
    public init(environment: [String: String]) {
        self.environment = environment
    }

    /// Runs the daemon on the configuration at `path` until it is told to stop.
    ///
    /// - Parameters:
    ///   - level: overrides the configuration's.
    ///   - format: overrides the configuration's.
    public func run(path: String, level: Logger.Level?, format: LogFormat?) async -> ExitStatus {
        let file = ConfigurationFile(path: path, environment: environment)
        guard let (plan, logging) = prepare(file, level: level, format: format) else { return .configuration }
        let ending = await Daemon(
            plan,
            file: file,
            threshold: logging.threshold,
            // What the command line says of the level holds, whatever the file says.
            isLevelFromFile: level == nil,
            logger: logging.logger,
            notification: ServiceNotification(environment: environment),
            stop: StopRequest()
        ).run()
        logging.stream.flush()
        return ending.status
    }

    /// What `run` needs, without the file's text and the origin of every value: they are not held while it runs.
    private func prepare(
        _ file: ConfigurationFile,
        level: Logger.Level?,
        format: LogFormat?
    ) -> (DaemonPlan, LoggingSetup)? {
        guard let (loaded, plan) = load(file) else { return nil }
        let log = loaded.configuration.log
        let logging = LoggingSetup(
            format: format ?? log.format,
            level: level ?? log.level.swiftLog,
            environment: environment
        )
        loaded.logWarnings(to: logging.logger)
        return (plan, logging)
    }

    /// Loads the configuration at `path` as `run` does, and says what is wrong with it.
    public func check(path: String, explain: Bool) -> ExitStatus {
        let file = ConfigurationFile(path: path, environment: environment)
        guard let (loaded, plan) = load(file) else { return .configuration }
        for warning in loaded.warnings { printError(warning.rendered(color: isatty(STDERR_FILENO) == 1)) }
        warnOfFiles(loaded)
        if explain { print(loaded.explanation) }
        print("\(path): valid: \(Self.count(plan))")
        return .done
    }

    /// Runs the demonstration, for `duration` if there is one, and prints the table.
    public func demo(for duration: Duration?, level: Logger.Level?, format: LogFormat?) async -> ExitStatus {
        let logging = LoggingSetup(format: format ?? .text, level: level ?? .info, environment: environment)
        let stop = StopRequest()
        let clock = Task {
            guard let duration, (try? await Task.sleep(for: duration)) != nil else { return }
            stop.request(.elapsed)
        }
        defer { clock.cancel() }
        do {
            printError(
                """
                hawser demo: three feeds of a server on this machine, and what becomes of them. Messages go to standard
                output, changes of state to standard error. Ctrl-C ends it with a table.
                To see the marks alone: hawser demo 2>/dev/null | jq -c 'select(.mark)'

                """
            )
            let ending = try await Demo(logger: logging.logger, stop: stop).run()
            logging.stream.flush()
            printError("\n" + SummaryTable.text(ending.statistics))
            return ending.status
        } catch {
            logging.stream.flush()
            printError("hawser demo: \(error)\n")
            return .failed
        }
    }

    /// `2 subscriptions, 1 request`.
    private static func count(_ plan: DaemonPlan) -> String {
        let counts = [(plan.subscriptions.count, "subscription"), (plan.requests.count, "request")]
        return counts.filter { $0.0 > 0 || $0.1 == "subscription" }
            .map { "\($0) \($1)\($0 == 1 ? "" : "s")" }.joined(separator: ", ")
    }

    /// Loads the configuration at `path` for requests by hand, and says what is wrong with it; nil if anything is.
    public func requests(path: String) -> ConfiguredRequests? {
        load(ConfigurationFile(path: path, environment: environment)).map { ConfiguredRequests($1) }
    }

    private func load(_ file: ConfigurationFile) -> (LoadedConfiguration, DaemonPlan)? {
        do throws(ConfigurationFailure) {
            return try file.load()
        } catch {
            printError(error.rendered(color: isatty(STDERR_FILENO) == 1))
            return nil
        }
    }

    /// Files are opened by `run`, perhaps as another user: what stands in its way here is a warning.
    private func warnOfFiles(_ loaded: LoadedConfiguration) {
        if let directory = loaded.configuration.state, let problem = DialMemoryFile.problem(with: directory) {
            printError("\(loaded.location(of: "state") ?? loaded.file): warning: state: \(directory): \(problem)")
        }
        for sink in loaded.configuration.sinks {
            guard case .file(let file) = sink.target else { continue }
            do {
                try FileSink.check(path: file.path)
            } catch {
                let key = "sinks.\(sink.name).file.path"
                printError("\(loaded.location(of: key) ?? loaded.file): warning: \(key): \(error)")
            }
        }
    }

    private func printError(_ text: String) {
        LogStream.writeAll(Array((text.hasSuffix("\n") ? text : text + "\n").utf8), to: STDERR_FILENO)
    }
}

extension LoadedConfiguration {
    /// Says in the log what is worth a warning.
    func logWarnings(to logger: EventLogger) {
        for warning in warnings {
            logger.log(.warning, .configurationWarning, warning.summary, [.remedy: warning.remedy])
        }
    }
}

extension LogConfiguration.Level {
    /// The same level for swift-log.
    var swiftLog: Logger.Level {
        Logger.Level(rawValue: rawValue) ?? .info
    }
}

extension Duration {
    /// The duration that `text` says as the configuration writes it, such as `250ms` or `15s`; nil if it says none.
    public init?(configurationText text: String) {
        guard let duration = DurationText.parse(text) else { return nil }
        self = duration
    }
}
