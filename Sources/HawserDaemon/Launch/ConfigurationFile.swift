/// The file that the daemon is configured by, with what it refers to: read in the same way by `check`, at the start, and
/// at a reload.
public struct ConfigurationFile: Sendable {
    /// The file's name as the user gave it.
    public let path: String
    private let loader: ConfigurationLoader

    /// The file at `path`, in a process with these environment variables.
    ///
    /// - Parameter files: how it, and the files that it refers to, are read.
    public init(path: String, environment: [String: String], files: FileAccess = .system) {
        self.path = path
        loader = ConfigurationLoader(environment: environment, files: files)
    }

    /// What it says now, and the plan that follows. Blocks while it reads.
    func load() throws(ConfigurationFailure) -> (LoadedConfiguration, DaemonPlan) {
        let loaded: LoadedConfiguration
        do throws(ConfigurationErrors) { loaded = try loader.load(path: path) } catch { throw .errors(error) }
        do throws(DaemonPlan.Failures) {
            return (loaded, try DaemonPlan(loaded.configuration, secrets: loader.secrets))
        } catch {
            let problems = error.all.map { failure in
                "\(loaded.location(of: failure.keyPath) ?? path): error: \(failure.keyPath): \(failure.problem)"
            }
            throw .unusable(problems)
        }
    }
}

/// Why a configuration cannot be run.
enum ConfigurationFailure: Error, Sendable {
    /// The file has errors.
    case errors(ConfigurationErrors)
    /// What it refers to cannot be used: a line for each, with its place.
    case unusable([String])

    /// Everything that is wrong, and a last line that counts it.
    ///
    /// - Parameter color: whether to use ANSI colours; for terminals only.
    func rendered(color: Bool) -> String {
        switch self {
        case .errors(let errors): errors.rendered(color: color)
        case .unusable(let problems):
            (problems + [ConfigurationErrors.tally(problems.count)]).joined(separator: "\n")
        }
    }

    /// The same, each in one line.
    var problems: [String] {
        switch self {
        case .errors(let errors):
            errors.errors.map(\.summary) + (errors.suppressed > 0 ? ["and \(errors.suppressed) more errors"] : [])
        case .unusable(let problems):
            problems
        }
    }
}
