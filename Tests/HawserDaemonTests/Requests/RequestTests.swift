import Foundation
import Locking
import TestSupport
import Testing

@testable import HawserDaemon

/// Requests of the configuration on real sockets: records, log, end.
@Suite("Requests of the configuration")
struct RequestTests {
    private static let fileSink = "sinks: {out: {file: {path: DIR/out.jsonl, fsync: never}}}\n"

    /// The records of `request` as somebody else's parser reads them.
    private static func records(_ runner: DaemonRunner, _ request: String) throws -> [[String: any Sendable]] {
        try (runner.directory.text(of: "out.jsonl") ?? "").split(separator: "\n").compactMap { line in
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: any Sendable]
            return object?["req"] as? String == request ? object : nil
        }
    }

    private static func wait(_ runner: DaemonRunner, _ request: String, for count: Int) async throws {
        try await eventually("\(count) answers of \(request)") {
            ((try? records(runner, request)) ?? []).count >= count
        }
    }

    @Test("Answers come at the start and every so often, numbered, with status, timings and content")
    func answers() async throws {
        let server = try plainServer { request, connection in
            switch request.head.target {
            case "/json":
                try connection.answer(200, [("Content-Type", "application/json; charset=utf-8")], "{\n\"n\": 1}")
            case "/text": try connection.answer(200, [("Content-Type", "text/plain")], "{\"n\": 1}")
            default: try connection.answer(404, [("Content-Type", "application/octet-stream")], [0xFF, 0])
            }
        }
        let runner = try DaemonRunner(
            """
            requests:
              json: {url: "\(server.http("/json"))", every: 100ms, at_start: true}
              text: {url: "\(server.http("/text"))", at_start: true}
              bytes: {url: "\(server.http("/bytes"))", at_start: true}

            """ + Self.fileSink
        )
        let ending = try await runner.run { runner in
            try await Self.wait(runner, "json", for: 4)
            try await Self.wait(runner, "text", for: 1)
            try await Self.wait(runner, "bytes", for: 1)
        }
        #expect(ending.status == .done)
        let answers = try Self.records(runner, "json")
        #expect(answers.map { $0["seq"] as? Int } == (1...answers.count).map { $0 })
        #expect(answers.prefix(4).allSatisfy { $0["status"] as? Int == 200 })
        #expect(answers.prefix(4).allSatisfy { ($0["json"] as? [String: Int]) == ["n": 1] })
        #expect(answers.prefix(4).allSatisfy { ($0["total_ms"] as? Double ?? 0) > 0 && $0["sub"] == nil })
        #expect(answers.dropFirst().prefix(3).allSatisfy { $0["reused"] as? Bool == true })
        #expect(try Self.records(runner, "text").map { $0["text"] as? String } == ["{\"n\": 1}"])
        let bytes = try Self.records(runner, "bytes")
        #expect(bytes.map { $0["base64"] as? String } == ["/wA="])
        #expect(bytes.map { $0["status"] as? Int } == [404])
        #expect(runner.lines(.requestFailed).map { $0[.request] } == ["bytes"])
        #expect(runner.lines(.requestAnswered).contains { $0[.request] == "json" && $0[.status] == "200" })
        server.stop()
    }

    @Test("Failures become records with their cause; the log says when it works again, and never a secret")
    func failures() async throws {
        let isBroken = OrderedMutex(true)
        let server = try plainServer { request, connection in
            let token = request.head["Authorization"] ?? ""
            guard !isBroken.withLock({ $0 }) else { return try connection.send(Array("HTTP/9 \(token)\r\n\r\n".utf8)) }
            try connection.answer(200, [], "ok")
        }
        let yaml = """
            http: {headers: {Authorization: "Bearer ${env:TOKEN}"}}
            requests:
              book: {url: "\(server.http("/book?key=k3y-5ecret"))", every: 100ms, at_start: true}

            """
        let runner = try DaemonRunner(yaml + Self.fileSink, environment: ["TOKEN": "tok-5ecret"])
        _ = try await runner.run { runner in
            try await Self.wait(runner, "book", for: 2)
            isBroken.withLock { $0 = false }
            try await eventually("it works again") { !runner.lines(.requestRecovered).isEmpty }
        }
        let failed = try #require(try Self.records(runner, "book").first)
        #expect(failed["cause"] as? String == "malformed" && failed["status"] == nil)
        #expect(runner.lines(.requestFailed).first?[.cause] == "malformed")
        let all = runner.log.values.flatMap { [$0.message] + $0.fields.map { "\($0.value)" } }
        let written = runner.directory.text(of: "out.jsonl") ?? ""
        for secret in ["tok-5ecret", "k3y-5ecret"] {
            #expect(!all.contains { $0.contains(secret) })
            #expect(!written.contains(secret))
        }
        server.stop()
    }

    @Test("Attempts are logged, with their cause and delay")
    func attempts() async throws {
        let count = OrderedMutex(0)
        let server = try plainServer { _, connection in
            let number = count.withLock { count in
                count += 1
                return count
            }
            try connection.answer(number < 3 ? 503 : 200, [], "ok")
        }
        let runner = try DaemonRunner(
            "requests: {a: {url: \"\(server.http())\", at_start: true, retry: {first: 10ms, jitter: none}}}\n"
                + Self.fileSink
        )
        _ = try await runner.run { try await Self.wait($0, "a", for: 1) }
        #expect(try Self.records(runner, "a").map { $0["attempts"] as? Int } == [3])
        let retried = runner.lines(.requestRetried)
        #expect(retried.map { $0[.attempt] } == ["2", "3"])
        #expect(retried.map { $0[.delayMilliseconds] } == ["10", "20"])
        #expect(retried.allSatisfy { $0[.cause] == "status" && $0[.request] == "a" })
        server.stop()
    }

    @Test("A rotated token is used by the next call, and one that is gone is a failure that says so")
    func rotation() async throws {
        let seen = Collected<String>()
        let server = try plainServer { request, connection in
            seen.append(request.head["X-Token"] ?? "")
            try connection.answer(200, [], "ok")
        }
        let tokens = try TemporaryDirectory()
        _ = try tokens.write("one", to: "token")
        let runner = try DaemonRunner(
            """
            requests:
              a:
                url: "\(server.http())"
                every: 100ms
                at_start: true
                headers: {X-Token: "${file:\(tokens.file("token"))}"}

            """ + Self.fileSink
        )
        _ = try await runner.run { runner in
            try await eventually("the first token") { seen.values.contains("one") }
            _ = try tokens.write("two", to: "token")
            try await eventually("the second token") { seen.values.contains("two") }
            try FileManager.default.removeItem(atPath: tokens.file("token"))
            try await eventually("a failure") { !runner.lines(.requestFailed).isEmpty }
        }
        #expect(Set(seen.values) == ["one", "two"])
        #expect(runner.lines(.requestFailed).first?[.cause] == "configuration")
        #expect(try Self.records(runner, "a").last?["cause"] as? String == "configuration")
        server.stop()
    }

    @Test("A call that is under way when the daemon ends is given up at once, and leaves a record")
    func shutdown() async throws {
        let isAsked = OrderedMutex(false)
        let server = try plainServer { _, connection in
            isAsked.withLock { $0 = true }
            try connection.pause(.seconds(60))
        }
        let runner = try DaemonRunner("requests: {a: {url: \"\(server.http())\", at_start: true}}\n" + Self.fileSink)
        let began = OrderedMutex(ContinuousClock.now)
        let ending = try await runner.run { _ in
            try await eventually("the request came") { isAsked.withLock { $0 } }
            began.withLock { $0 = .now }
        }
        #expect(began.withLock { $0 }.duration(to: .now) < .seconds(5))
        #expect(ending.status == .done)
        #expect(try Self.records(runner, "a").map { $0["cause"] as? String } == ["cancelled"])
        #expect(runner.lines(.requestCancelled).count == 1)
        server.stop()
    }

    @Test("An answer that is larger than limits.message_size fails, and what is larger than a queue does not get in")
    func largeAnswer() async throws {
        let server = try plainServer { _, connection in
            try connection.answer(200, [], [UInt8](repeating: 120, count: 70_000))
        }
        let runner = try DaemonRunner(
            "limits: {message_size: 64KiB}\nrequests: {a: {url: \"\(server.http())\", at_start: true}}\n"
                + Self.fileSink
        )
        _ = try await runner.run { try await Self.wait($0, "a", for: 1) }
        let failed = try #require(try Self.records(runner, "a").first)
        #expect(failed["cause"] as? String == "too_large")
        #expect((failed["error"] as? String)?.contains("limits.message_size") == true)
        server.stop()
    }
}
