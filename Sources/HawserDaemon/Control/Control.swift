import Glibc
import HawserWebSocket

/// What `hawser status` and its kin do: ask a daemon, print what it says, and end with a status.
public struct Control {
    private let options: ControlOptions
    private let environment: [String: String]
    private let output = LogOutput()

    /// Asks in a process with these environment variables.
    public init(_ options: ControlOptions, environment: [String: String]) {
        self.options = options
        self.environment = environment
    }

    /// Asks and prints; again and again if there is an interval, until a signal ends it or nobody reads.
    ///
    /// - Returns: failed if no daemon answers, or it refuses.
    public func run() -> ExitStatus {
        // A reader that is gone is an error of write(2), and no reason to die.
        signal(SIGPIPE, SIG_IGN)
        let path: String
        do throws(ControlPath.Unknown) {
            path = try socketPath()
        } catch {
            return fail("\(error.problem): \(error.remedy)")
        }
        guard let interval = options.interval else { return ask(path, isRedraw: false) }
        let isRedraw = Terminal.isOutput && !options.isJSON
        while true {
            let status = ask(path, isRedraw: isRedraw)
            // A daemon that is started anew comes back: whoever watches wants to see that, too.
            guard output.isOpen, status == .done || isRedraw else { return status }
            usleep(UInt32(clamping: interval.milliseconds * 1_000))
        }
    }

    private func socketPath() throws(ControlPath.Unknown) -> String {
        if let socket = options.socket { return socket }
        return try ControlPath.path(
            configuration: options.configuration,
            isNamed: options.namesConfiguration,
            environment: environment
        )
    }

    private func ask(_ path: String, isRedraw: Bool) -> ExitStatus {
        var connection = ControlConnection(path: path)
        if options.request == .reload { connection.patience = ControlLimits().reloading + .seconds(10) }
        let answer: [UInt8]
        do throws(ControlConnection.Failure) {
            answer = try connection.ask(options.request.line(by: user))
        } catch {
            if isRedraw { draw([SpanText.moment(WallClock.nanoseconds), "", "\(error)"]) }
            return isRedraw ? .failed : fail("\(error)")
        }
        guard let tree = JSONTree(answer) else {
            return fail("what answers at \(path) is no Hawser: it speaks no JSON")
        }
        if let error = tree["error"] {
            return refused(error["text"]?.text ?? "the daemon refuses, and does not say why")
        }
        guard let result = tree["result"] else {
            return fail("what answers at \(path) is no Hawser: it gives no result")
        }
        if options.isJSON {
            output.write(Self.result(in: answer) + [0x0A])
        } else {
            let lines = text(of: result)
            if isRedraw { draw(lines) } else { for line in lines { output.write(line: line) } }
        }
        output.flush()
        return output.isOpen || output.failure == EPIPE
            ? .done : fail("cannot write: \(SystemError.text(output.failure))")
    }

    private func text(of result: JSONTree) -> [String] {
        switch options.request {
        case .status:
            let size = Terminal.size
            let width = Terminal.isOutput ? Terminal.width(environment) : nil
            let height = options.interval != nil && Terminal.isOutput ? size?.rows : nil
            return StatusText(result, now: WallClock.nanoseconds).lines(width: width, height: height)
        case .why:
            return WhyText(result, now: WallClock.nanoseconds).lines
        case .pause, .resume, .redial:
            return result["subscriptions"]?.elements.map(Self.change) ?? []
        case .logLevel:
            return [result["level"]?.text ?? "-"]
        case .reload:
            return ["reloaded: " + (result["summary"]?.text?.printable ?? "-")]
        }
    }

    /// `trades: closing (was open)`.
    private static func change(_ tree: JSONTree) -> String {
        let name = tree["subscription"]?.text?.printable ?? "-"
        let phase = StatusText.word(tree["phase"]?.text)
        let before = StatusText.word(tree["before"]?.text)
        return phase == before ? "\(name): \(phase), as before" : "\(name): \(phase) (was \(before))"
    }

    /// From the top of the terminal, over what was there.
    private func draw(_ lines: [String]) {
        output.write(Array("\u{1B}[H".utf8))
        for line in lines { output.write(Array("\(line)\u{1B}[K\r\n".utf8)) }
        output.write(Array("\u{1B}[J".utf8))
        output.flush()
    }

    /// The bytes of the member `result`, as the daemon wrote them.
    private static func result(in answer: [UInt8]) -> [UInt8] {
        answer.withUnsafeBytes { bytes in
            guard var members = JSONObjectReader(bytes) else { return [] }
            while let (key, value) = members.next() {
                if key.isString("result") { return Array(value.bytes) }
            }
            return []
        }
    }

    /// Whom this is done for: who logged in, if that is known.
    private var user: String? {
        ["SUDO_USER", "LOGNAME", "USER"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }

    /// Each line of `text` is a problem.
    private func refused(_ text: String) -> ExitStatus {
        let lines = text.split(separator: "\n").map { String($0).printable }
        guard options.request == .reload, let last = lines.last else { return fail(lines.joined(separator: "; ")) }
        for line in lines.dropLast() { _ = fail(line) }
        _ = fail(last)
        return fail("not reloaded: the configuration of before is in force")
    }

    private func fail(_ text: String) -> ExitStatus {
        output.flush()
        LogStream.writeAll(Array("hawser: \(text)\n".utf8), to: STDERR_FILENO)
        return .failed
    }
}
