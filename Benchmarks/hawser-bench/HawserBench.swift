import Glibc
import HawserWebSocket
import NameResolution
import Transport
import WebSocketProtocol

/// The load that the benchmarks measure, on the library alone.
///
/// Every mode takes messages in the synchronous handler, on the event loop. `DEFLATE=1` in the environment offers
/// permessage-deflate; any certificate is accepted.
@main
struct HawserBench {
    static let usage = """
        usage: hawser-bench flood URL            read to the server's Close
               hawser-bench echo N URL           N round trips of a 128-byte text; the first tenth is not counted
               hawser-bench idle N URL [URL2]    hold N connections; with URL2 also read that one to its Close
               hawser-bench send N SIZE URL      send N texts of SIZE bytes, then close
               hawser-bench dial N URL           open N connections, then close them
               hawser-bench http URL N CONCURRENCY h1|h2
                                                 GET URL N times, {id} in it 0 to N - 1, and check {"id": N}

        DEFLATE=1 in the environment offers permessage-deflate. Any certificate is accepted, but in the mode http, which
        trusts those in the file CAFILE.
        """

    static func main() async {
        EventLoop.raiseDescriptorLimit()
        do {
            let mode = try BenchMode(CommandLine.arguments.dropFirst())
            if case .help = mode { return report(usage) }
            if case .http(let load) = mode { return report(try await load.run()) }
            let loop = try EventLoop()
            try await run(mode, on: loop)
            await loop.shutdown()
        } catch let error as BenchUsageError {
            report("hawser-bench: \(error)\n\(usage)", to: STDERR_FILENO)
            exit(2)
        } catch {
            report("hawser-bench: \(error)", to: STDERR_FILENO)
            exit(1)
        }
    }

    private static func run(_ mode: BenchMode, on loop: EventLoop) async throws {
        let dialer = try BenchDialer(loop: loop)
        switch mode {
        case .help, .http: break
        case .flood(let url):
            try await perform(on: loop) { FloodLoad(url, dialer, $0).start() }
        case .echo(let count, let url):
            try await perform(on: loop) { EchoLoad(count, url, dialer, $0).start() }
        case .send(let count, let size, let url):
            try await perform(on: loop) { SendLoad(count, size, url, dialer, $0).start() }
        case .idle(let count, let url, let stream):
            report("base")
            try await perform(on: loop) { done in
                HeldConnections(count, url, dialer, done: done) { held in
                    report("ready \(count)")
                    guard let stream else { return }
                    FloodLoad(stream, dialer) { result in
                        held.finish(result)
                    }.start()
                }.start()
            }
        case .dial(let count, let url):
            try await perform(on: loop) { done in
                HeldConnections(count, url, dialer, done: done) { held in
                    report("{\"opened\":\(count),\"cpu_us\":\(processorMicroseconds())}")
                    held.closeAll()
                }.start()
            }
        }
    }

    /// Runs a load on the loop to its end.
    private static func perform(
        on loop: EventLoop,
        _ body: @escaping @Sendable (_ done: @escaping LoadEnd) -> Void
    ) async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            loop.submit { body { continuation.resume(with: $0) } }
        }
    }

    /// Writes one line at once, however standard output is buffered.
    static func report(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
        var line = line + "\n"
        line.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
    }

    /// What the process has used so far, user and system time.
    private static func processorMicroseconds() -> Int {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000
            + Int(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
    }
}

/// Called once, on the loop, when a load is over.
typealias LoadEnd = (Result<Void, any Error>) -> Void
