import Glibc
import HawserDaemon

/// Writes numbered records into a file sink as fast as it takes them, until it is killed.
///
///     SinkCrashWriter PATH RUN [ROTATION-BYTES]
///
/// Says `ready` when the file is open, `writing` when the first records are in it, and each event of the sink. Lines are from a few bytes to several KiB long, so
/// that a kill hits the inside of one.
@main
enum CrashWriter {
    private static let recordsPerBatch = 64
    /// About 150 MB, and half a minute: nobody may be there any more to kill it.
    private static let recordLimit: UInt64 = 50_000
    private static let lifetime: UInt32 = 30

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3 else {
            print("usage: SinkCrashWriter PATH RUN [ROTATION-BYTES]")
            exit(2)
        }
        var rotation = FileSinkOptions.Rotation()
        if arguments.count > 3, let size = Int64(arguments[3]) {
            rotation = FileSinkOptions.Rotation(size: size, compress: true)
        }
        alarm(lifetime)
        do {
            let sink = try FileSink(
                name: "crash",
                options: FileSinkOptions(path: arguments[1], rotation: rotation),
                run: arguments[2],
                subscriptions: ["numbers", "quiet"],
                onEvent: { say("\($0)") }
            )
            say("ready")
            fill(sink, run: arguments[2])
        } catch {
            say("\(error)")
            exit(1)
        }
    }

    private static func fill(_ sink: FileSink, run: String) -> Never {
        var builder = RecordBatchBuilder(
            identity: RunIdentity(run: run, subscriptionNames: ["numbers", "quiet"])
        )
        let filler = [UInt8](repeating: UInt8(ascii: "x"), count: 8192)
        var sequence: UInt64 = 0
        var hasWritten = false
        while sequence < recordLimit {
            for _ in 0..<recordsPerBatch {
                sequence += 1
                let length = Int(truncatingIfNeeded: sequence &* 2_654_435_761 % 6000)
                filler[..<length].withUnsafeBytes { payload in
                    builder.append(
                        wallNanoseconds: Int64(sequence),
                        subscription: 0,
                        session: 1,
                        sequence: sequence,
                        kind: .text,
                        payload: payload
                    )
                }
            }
            guard let batch = builder.seal() else { continue }
            if sink.offer(batch) == .full {
                while sink.statistics.fullSince != nil { usleep(200) }
            }
            if !hasWritten, sink.statistics.writtenRecords > 2 {
                hasWritten = true
                say("writing")
            }
        }
        say("nobody killed this in time")
        exit(3)
    }

    private static func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = write(1, line, line.count)
    }
}
