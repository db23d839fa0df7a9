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
        guard let (loaded, plan) = load(path) else { return .configuration }
        let log = loaded.configuration.log
        let logging = LoggingSetup(format: format ?? log.format, level: level ?? log.level.swiftLog)
        for warning in loaded.warnings {
            logging.logger.log(.warning, .configurationWarning, warning.summary, [.remedy: warning.remedy])
        }
        let ending = await Daemon(
            plan,
            logger: logging.logger,
            notification: ServiceNotification(environment: environment),
            stop: StopRequest()
        ).run()
        logging.stream.flush()
        return ending.status
    }

    /// Loads the configuration at `path` as `run` does, and says what is wrong with it.
    public func check(path: String, explain: Bool) -> ExitStatus {
        guard let (loaded, plan) = load(path) else { return .configuration }
        for warning in loaded.warnings { printError(warning.rendered(color: isatty(STDERR_FILENO) == 1)) }
        warnOfFiles(loaded)
        if explain { print(loaded.explanation) }
        let count = plan.subscriptions.count
        print("\(path): valid: \(count) \(count == 1 ? "subscription" : "subscriptions")")
        return .done
    }

    /// Runs the demonstration, for `duration` if there is one, and prints the table.
    public func demo(for duration: Duration?, level: Logger.Level?, format: LogFormat?) async -> ExitStatus {
        let logging = LoggingSetup(format: format ?? .text, level: level ?? .info)
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

    private func load(_ path: String) -> (LoadedConfiguration, DaemonPlan)? {
        let loader = ConfigurationLoader(environment: environment)
        do {
            let loaded = try loader.load(path: path)
            do {
                return (loaded, try DaemonPlan(loaded.configuration, secrets: loader.secrets))
            } catch {
                for failure in error.all {
                    let place = loaded.location(of: failure.keyPath) ?? path
                    printError("\(place): error: \(failure.keyPath): \(failure.problem)")
                }
                printError(ConfigurationErrors.tally(error.all.count))
            }
        } catch {
            printError(error.rendered(color: isatty(STDERR_FILENO) == 1))
        }
        return nil
    }

    /// Files are opened by `run`, perhaps as another user: what stands in its way here is a warning.
    private func warnOfFiles(_ loaded: LoadedConfiguration) {
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
