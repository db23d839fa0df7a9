import Foundation
import TestSupport
import Testing

/// `hawser fetch`: REST calls by hand.
@Suite struct FetchTests {
    private static func echoServer() throws -> FaultServer {
        try plainServer { request, connection in
            switch request.head.target.prefix(while: { $0 != "?" }) {
            case "/missing": try connection.answer(404, [], "nothing here")
            case "/binary": try connection.answer(200, [], [0, 255, 1])
            case "/flaky" where request.index < 3: try connection.answer(503, [("Retry-After", "0")], "later")
            case "/move": try connection.answer(302, [("Location", "/moved")], "")
            case "/lost": connection.reset()
            default:
                let fields = ["User-Agent", "Content-Type", "X-Own", "Authorization"].map { request.head[$0] ?? "-" }
                let answer = [request.head.method, request.head.target, request.text] + fields
                try connection.answer(200, [("X-Served", "yes")], answer.joined(separator: "|"))
            }
        }
    }

    private static func fetch(_ arguments: [String]) async throws -> HawserProgram.Finished {
        try await HawserProgram.run(["fetch"] + arguments)
    }

    private static func object(_ line: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    @Test("method, query, fields and content go out as they were given; the answer's content comes to standard output")
    func requests() async throws {
        let server = try Self.echoServer()
        let folder = try TemporaryDirectory()
        let file = try folder.write("{\"a\":1}", to: "body.json")
        for (arguments, expected) in [
            ([], "GET|/x||hawser/0.1.0|-|-|-"),
            (["--param", "q=a b", "--param", "e=", "-H", "X-Own: v"], "GET|/x?q=a+b&e=||hawser/0.1.0|-|v|-"),
            (["--json", "{}"], "POST|/x|{}|hawser/0.1.0|application/json|-|-"),
            (["--json", "@\(file)"], "POST|/x|{\"a\":1}|hawser/0.1.0|application/json|-|-"),
            (
                ["--form", "a=1", "--form", "b=2&"],
                "POST|/x|a=1&b=2%26|hawser/0.1.0|application/x-www-form-urlencoded|-|-"
            ),
            (["--data", "text"], "POST|/x|text|hawser/0.1.0|text/plain; charset=utf-8|-|-"),
            (["--user", "u:p"], "GET|/x||hawser/0.1.0|-|-|Basic dTpw"),
        ] {
            let run = try await Self.fetch([server.http("/x")] + arguments)
            #expect(run.exit == .done)
            #expect(run.output == [expected], "\(arguments)")
        }
        let put = try await Self.fetch(["PUT", server.http("/x"), "--data", "y"])
        #expect(put.output.first?.hasPrefix("PUT|/x|y|") == true)
        server.stop()
    }

    @Test("exit codes: an answer is done, none is failed, and --fail takes a status for none")
    func exits() async throws {
        let server = try Self.echoServer()
        let missing = try await Self.fetch([server.http("/missing")])
        #expect(missing.exit == .done && missing.output == ["nothing here"])
        let failed = try await Self.fetch([server.http("/missing"), "--fail"])
        #expect(failed.exit == .status(1))
        #expect(failed.errors.last?.contains("the server answered 404") == true, "\(failed.errors)")
        let lost = try await Self.fetch([server.http("/lost?token=secret")])
        #expect(lost.exit == .status(1))
        #expect(lost.errors.last?.contains("the connection was lost") == true, "\(lost.errors)")
        #expect(!lost.errors.joined().contains("secret"))
        for wrong in [
            [], ["nonsense"], ["GET", "x", "y"], ["--retry", "0", "http://x"], ["http://x", "--param", "a"],
        ] {
            #expect(try await Self.fetch(wrong).exit == .status(2), "\(wrong)")
        }
        server.stop()
    }

    @Test("-c takes the settings under http, --request one of the requests; options override both")
    func configured() async throws {
        let server = try Self.echoServer()
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            """
            http: {headers: {X-Own: "${env:OWN}", User-Agent: configured}, retry: off}
            requests:
              book: {url: "\(server.http("/x"))", query: {q: "1"}, form: {a: b}}
              flaky: {url: "\(server.http("/flaky"))", retry: {attempts: 5, first: 1ms}}

            """,
            to: "hawser.yaml"
        )
        let environment = ["OWN": "mine"]
        for (arguments, exit, expected) in [
            (
                ["--request", "book"], RunningProcess.Exit.done,
                "POST|/x?q=1|a=b|configured|application/x-www-form-urlencoded|mine|-"
            ),
            (
                ["--request", "book", "-H", "X-Own: other", "--param", "r=2"], .done,
                "POST|/x?q=1&r=2|a=b|configured|application/x-www-form-urlencoded|other|-"
            ),
            ([server.http("/y")], .done, "GET|/y||configured|-|mine|-"),
            ([server.http("/flaky"), "--fail"], .status(1), "later"),
            (["--request", "flaky", "--fail", "--retry", "1"], .status(1), "later"),
            (["--request", "flaky", "--fail"], .done, "GET|/flaky||configured|-|mine|-"),
        ] {
            let run = try await HawserProgram.run(["fetch", "-c", file] + arguments, environment: environment)
            #expect(run.exit == exit, "\(arguments): \(run.errorText)")
            #expect(run.output == [expected], "\(arguments)")
        }
        let unknown = try await HawserProgram.run(["fetch", "-c", file, "--request", "bok"], environment: environment)
        #expect(unknown.exit == .status(2))
        #expect(unknown.errorText.contains("there is no request \"bok\"; there are: book, flaky"))
        let broken = try await HawserProgram.run(["fetch", "-c", file, "--request", "book"])
        #expect(broken.exit == .configuration)
        #expect(broken.errorText.contains("the environment variable OWN is not set"))
        for wrong in [["--request", "book"], ["-c", file, "--request", "book", server.http()]] {
            #expect(try await Self.fetch(wrong).exit == .status(2), "\(wrong)")
        }
        server.stop()
    }

    @Test("--json-output tells status, fields, timings and content; redirects and attempts are counted")
    func json() async throws {
        let server = try Self.echoServer()
        let run = try await Self.fetch([server.http("/move"), "--json-output"])
        let report = try Self.object(run.outputText)
        #expect(report["status"] as? Int == 200 && report["redirects"] as? Int == 1)
        #expect(report["url"] as? String == server.http("/moved"))
        #expect((report["headers"] as? [[String]])?.contains(["X-Served", "yes"]) == true)
        #expect((report["text"] as? String)?.hasPrefix("GET|/moved|") == true)
        #expect((report["total_ms"] as? Double ?? -1) > 0 && report["reused"] as? Bool == true)
        let binary = try Self.object(try await Self.fetch([server.http("/binary"), "--json-output"]).outputText)
        #expect(binary["base64"] as? String == "AP8B" && binary["bytes"] as? Int == 3)
        let error = try await Self.fetch([server.http("/lost"), "--json-output"])
        #expect(try Self.object(error.outputText)["cause"] as? String == "connection_lost")
        #expect(error.exit == .status(1))
        let flaky = try await Self.fetch([server.http("/flaky"), "--json-output", "--retry", "4"])
        #expect(try Self.object(flaky.outputText)["attempts"] as? Int == 3)
        #expect(flaky.errors.count == 2 && flaky.errors.allSatisfy { $0.contains("attempt") }, "\(flaky.errors)")
        server.stop()
    }

    @Test("-o writes a file, and -i shows the head")
    func output() async throws {
        let server = try Self.echoServer()
        let folder = try TemporaryDirectory()
        let path = folder.file("out.txt")
        let run = try await Self.fetch([server.http("/x"), "-o", path])
        #expect(run.exit == .done && run.output.isEmpty && run.errors.isEmpty)
        #expect(folder.text(of: "out.txt")?.hasPrefix("GET|/x|") == true)
        let head = try await Self.fetch([server.http("/x"), "-i"])
        #expect(head.output.first == "HTTP/1.1 200" && head.output.contains("X-Served: yes"))
        let failed = try await Self.fetch([server.http("/missing"), "--fail", "-o", path])
        #expect(failed.exit == .status(1))
        #expect(failed.errors.last?.contains("the server answered 404: nothing here") == true, "\(failed.errors)")
        #expect(folder.text(of: "out.txt")?.hasPrefix("GET|/x|") == true, "overwritten by an error's content")
        let nowhere = try await Self.fetch([server.http("/x"), "-o", folder.file("none/out")])
        #expect(nowhere.exit == .status(1) && nowhere.errors.last?.contains("No such file") == true)
        server.stop()
    }

    @Test("each timeout ends the call by its name")
    func timeouts() async throws {
        let server = try FaultServer { connection in
            _ = try connection.stream.readHead()
            try connection.hold()
        }
        for name in ["timeout", "read-timeout"] {
            let run = try await Self.fetch([server.http(), "--\(name)", "100ms"])
            #expect(run.exit == .status(1))
            let stage = name == "timeout" ? "total" : "read"
            #expect(run.errors.last?.contains("0.1 seconds (timeout \(stage))") == true, "\(run.errors)")
        }
        server.stop()
    }

    @Test("--batch: a line of JSON for each line, a summary, and 1 if any failed")
    func batch() async throws {
        let server = try Self.echoServer()
        let folder = try TemporaryDirectory()
        let lines =
            ["# comment", ""] + (0..<200).map { server.http("/\($0)") } + [
                #"{"url":"\#(server.http("/post"))","json":{"a":[1,"x"]},"headers":{"X-Own":"h"},"query":{"q":"1"}}"#
            ]
        let path = try folder.write(lines.joined(separator: "\n") + "\n", to: "urls.txt")
        let run = try await Self.fetch(["--batch", path, "--limit", "20"])
        #expect(run.exit == .done)
        let reports = try run.output.map { try Self.object($0) }
        #expect(reports.count == 201 && reports.allSatisfy { $0["status"] as? Int == 200 })
        #expect(Set(reports.compactMap { $0["line"] as? Int }) == Set(3...203))
        let post = reports.first { $0["line"] as? Int == 203 }?["text"] as? String
        #expect(post == #"POST|/post?q=1|{"a":[1,"x"]}|hawser/0.1.0|application/json|h|-"#)
        #expect(run.errors.last?.contains("201 ok, 0 failed") == true && run.errors.last?.contains("p99") == true)
        #expect(server.counts.peak <= 20)

        let process = try HawserProgram.start(["fetch", "--batch", "-", "--json-output", "--fail"])
        try process.write("\(server.http("/a"))\n\(server.http("/missing"))\nnonsense\n{\"url\":1}\n")
        let mixed = try await HawserProgram.finish(process)
        #expect(mixed.exit == .status(1) && mixed.output.count == 4)
        let summary = try Self.object(try #require(mixed.errors.last))
        #expect(summary["ok"] as? Int == 1 && summary["failed"] as? Int == 3)
        #expect(summary["failed_status"] as? Int == 1 && summary["failed_invalid_url"] as? Int == 1)
        let nowhere = try await Self.fetch(["--batch", folder.file("none")])
        #expect(nowhere.exit == .status(1) && nowhere.errors.last?.contains("No such file") == true)
        server.stop()
    }
}
