import Glibc
import HawserHTTP
import MonotonicTime

/// GETs of one URL after the other, so many at once; each answer is checked.
struct HTTPLoad: Sendable {
    /// `{id}` in it stands for 0, 1, 2…
    let template: String
    /// What stands before and behind it.
    private let parts: [Substring]
    let count: Int
    let concurrency: Int
    let isHTTP2: Bool

    init(template: String, count: Int, concurrency: Int, isHTTP2: Bool) {
        self.template = template
        parts = template.split(separator: "{id}", maxSplits: 1, omittingEmptySubsequences: false)
        self.count = count
        self.concurrency = concurrency
        self.isHTTP2 = isHTTP2
    }

    /// Runs the load.
    ///
    /// - Returns: the line to be printed.
    func run() async throws -> String {
        var configuration = HTTPConfiguration()
        configuration.timeouts = .none
        configuration.pool = HTTPPoolLimits(
            maxConnections: concurrency,
            maxPerHost: concurrency,
            maxKeepalive: concurrency
        )
        configuration.tls.certificateAuthority = getenv("CAFILE").map { String(cString: $0) }
        configuration.version = isHTTP2 ? (template.hasPrefix("https:") ? .automatic : .http2PriorKnowledge) : .http1
        return try await withHTTPClient(configuration) { client in
            var (good, bad, overHTTP2) = (0, 0, 0)
            // Checks the template once; the others differ in digits only.
            _ = try HTTPRequest(.get, url(0))
            let requests = (0..<count).compactMap { try? HTTPRequest(.get, url($0)) }
            let began = ContinuousClock.now
            let results = await client.gather(requests, limit: concurrency)
            let elapsed = began.duration(to: .now).seconds
            for index in results.indices {
                let result = results[index]
                guard case .success(let answer) = result, answer.status == 200, isAnswer(answer.bytes, index) else {
                    if bad < 5 { HawserBench.report("hawser-bench: \(index): \(result)", to: STDERR_FILENO) }
                    bad += 1
                    continue
                }
                good += 1
                if answer.head.version == "2" { overHTTP2 += 1 }
            }
            return "{\"ok\":\(good),\"err\":\(bad),\"elapsed\":\(elapsed),\"h2\":\(overHTTP2)}"
        }
    }

    private func url(_ index: Int) -> String {
        "\(parts[0])\(parts.count > 1 ? "\(index)\(parts[1])" : "")"
    }

    /// Whether `bytes` are `{"id": index}`, whatever blanks are in it.
    private func isAnswer(_ bytes: [UInt8], _ index: Int) -> Bool {
        var expected = "{\"id\":\(index)}".utf8.makeIterator()
        for byte in bytes where byte > 0x20 && byte != expected.next() { return false }
        return expected.next() == nil
    }
}
