import Foundation
import TestSupport

/// The built `hawser`, started as a user starts it.
enum HawserProgram {
    /// There is nothing to test.
    struct Missing: Error, CustomStringConvertible {
        let path: String
        var description: String { "there is no \(path); build it with: swift build --product hawser" }
    }

    /// Its path: beside the program that runs these tests.
    static var path: String {
        get throws {
            let folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            let path = folder.appendingPathComponent("hawser").path
            guard access(path, X_OK) == 0 else { throw Missing(path: path) }
            return path
        }
    }

    /// Starts it with `arguments`.
    static func start(_ arguments: [String], environment: [String: String] = [:]) throws -> RunningProcess {
        try RunningProcess(path, arguments, environment: environment)
    }

    /// Starts it by way of another program, such as `setpriv`, that replaces itself by it.
    ///
    /// - Parameter launcher: the other program's path and arguments; ours follow.
    static func start(
        through launcher: [String],
        _ arguments: [String],
        environment: [String: String] = [:]
    ) throws -> RunningProcess {
        try RunningProcess(
            launcher.first ?? "/usr/bin/env",
            launcher.dropFirst() + [path] + arguments,
            environment: environment
        )
    }

    /// Runs it to its end, without input.
    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Finished {
        try await finish(start(arguments, environment: environment))
    }

    /// Waits for the end of `process`, whose input is closed.
    static func finish(_ process: RunningProcess, within limit: Duration = .seconds(30)) async throws -> Finished {
        process.closeInput()
        let exit = try await process.awaitExit(within: limit)
        return Finished(exit: exit, output: process.lines(.stdout), errors: process.lines(.stderr))
    }

    /// What a run to the end left.
    struct Finished: Sendable {
        var exit: RunningProcess.Exit
        var output: [String]
        var errors: [String]

        var outputText: String { output.joined(separator: "\n") }
        var errorText: String { errors.joined(separator: "\n") }
    }
}

/// The exit statuses that `hawser --help` promises.
extension RunningProcess.Exit {
    static let done = RunningProcess.Exit.status(0)
    static let failed = RunningProcess.Exit.status(1)
    static let usage = RunningProcess.Exit.status(2)
    static let configuration = RunningProcess.Exit.status(78)
}
