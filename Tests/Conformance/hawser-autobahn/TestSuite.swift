import HawserWebSocket
import NameResolution
import Transport
import WebSocketProtocol

/// A fuzzing server, as its clients see it: a count of cases, a resource for each, and one that writes the report.
struct TestSuite: Sendable {
    /// So many cases in a row that cannot be opened say that the server is gone.
    private static let mostUnopened = 5

    private let base: String
    private let agent: String
    private let configuration: WebSocketConfiguration
    private let limit: Duration
    private let progress: ProgressLine
    private let loop: EventLoop
    private let resolver = NameResolver()

    /// The server at `url`; nothing is dialled yet.
    init(
        at url: String,
        agent: String,
        configuration: WebSocketConfiguration,
        limit: Duration,
        progress: ProgressLine
    ) throws(EventLoopError) {
        base = url.last == "/" ? String(url.dropLast()) : url
        self.agent = Self.percentEncoded(agent)
        self.configuration = configuration
        self.limit = limit
        self.progress = progress
        loop = try EventLoop(name: "autobahn")
    }

    /// Runs all cases.
    ///
    /// - Returns: whether each was run to its end and the report was written.
    func run() async -> Bool {
        guard let count = await caseCount() else { return false }
        let began = loop.now
        var unfinished = 0
        var unopened = 0
        for number in 1...count {
            progress.show("case \(number) of \(count)")
            let result = await exchange("/runCase?case=\(number)&agent=\(agent)", echoes: true)
            unopened = result.wasOpened ? 0 : unopened + 1
            guard let fault = result.fault else { continue }
            unfinished += 1
            progress.say("case \(number) of \(count): \(fault); \(await description(of: number))")
            guard unopened < Self.mostUnopened else {
                progress.say("giving up after \(unopened) cases in a row that could not be opened")
                return false
            }
        }
        progress.show("waiting for the report")
        let report = await exchange("/updateReports?agent=\(agent)", echoes: false)
        if let fault = report.fault { progress.say("no report: \(fault)") }
        let seconds = began.duration(to: loop.now).components.seconds
        progress.say("\(count) cases in \(seconds) s" + (unfinished > 0 ? ", \(unfinished) of them not finished" : ""))
        return unfinished == 0 && report.fault == nil
    }

    /// Ends the event loop.
    func shutdown() async {
        resolver.shutdown()
        await loop.shutdown()
    }

    private func caseCount() async -> Int? {
        let result = await exchange("/getCaseCount", echoes: false)
        if let count = Int(result.text), count > 0 { return count }
        progress.say("no case count: \(result.fault ?? "the server said '\(result.text.prefix(80))'")")
        return nil
    }

    private func description(of number: Int) async -> String {
        let result = await exchange("/getCaseInfo?case=\(number)", echoes: false)
        return result.fault ?? String(result.text.prefix(400))
    }

    private func exchange(_ resource: String, echoes: Bool) async -> Exchange.Result {
        let url: WebSocketURL
        do { url = try WebSocketURL(base + resource) } catch { return Exchange.Result(fault: "\(error)") }
        let (loop, resolver, configuration, limit) = (loop, resolver, configuration, limit)
        return await withCheckedContinuation { continuation in
            loop.submit {
                let exchange = Exchange(echoes: echoes) { continuation.resume(returning: $0) }
                exchange.start(on: loop, resolver: resolver, url: url, configuration: configuration, limit: limit)
            }
        }
    }

    /// `text` as it may stand in a query (RFC 3986 section 2).
    private static func percentEncoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { encoded, byte in
            let character = Character(UnicodeScalar(byte))
            let isUnreserved = byte < 0x80 && (character.isLetter || character.isNumber || "-._~".contains(character))
            if isUnreserved {
                encoded.append(character)
            } else {
                encoded += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
