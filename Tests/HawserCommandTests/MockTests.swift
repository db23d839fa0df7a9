import Foundation
import Glibc
import TestSupport
import Testing

/// `hawser mock`: a server to test clients against.
@Suite struct MockTests {
    @Test("its one line of output is the URL it serves; a signal ends it with 0", arguments: [SIGINT, SIGTERM])
    func url(_ signal: Int32) async throws {
        let process = try HawserProgram.start(["mock", "--port", "0"])
        let url = try await process.line(.stdout, containing: "http://127.0.0.1:")
        let port = try #require(UInt16(url.split(separator: ":").last ?? ""))
        try await onOwnThread {
            let client = try RawHTTPClient(port: port)
            #expect(try client.exchange("GET", "/user/7").text == "{\"id\": 7}")
            // An idle connection, a session and an answer that is not due do not keep it from ending.
            let session = try RawWebSocketClient(port: port)
            try session.open("/ws/ticker?rate=100")
            _ = try session.readText()
            try client.send("GET", "/delay/60000")
            process.send(signal: signal)
            while try session.readFrame().opcode == 1 {}
        }
        #expect(try await process.awaitExit() == .done)
        #expect(process.lines(.stdout) == [url])
        #expect(process.lines(.stderr) == [])
    }

    @Test("--tls --json says where the certificate is, and clients that trust it are served over https and wss")
    func secure() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("mock.pem")
        let process = try HawserProgram.start(["mock", "--port", "0", "--tls", "--tls-cert-out", path, "--json"])
        let line = try await process.line(.stdout, containing: "{")
        let ready = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(ready["certificate"] as? String == path)
        #expect(ready["pid"] as? Int == Int(process.pid))
        let url = try #require(ready["url"] as? String)
        let webSocket = try #require(ready["websocket_url"] as? String)
        #expect(url.hasPrefix("https://127.0.0.1:") && webSocket == "wss" + url.dropFirst(5))
        let port = try #require(UInt16(url.split(separator: ":").last ?? ""))
        let certificate = try #require(directory.text(of: "mock.pem"))
        try await onOwnThread {
            let client = try TLSClient(port: port, trusting: certificate, name: "localhost")
            #expect(try client.get("/user/7").content == Array("{\"id\": 7}".utf8))
        }
        let session = try await HawserProgram.run([
            "connect", "\(webSocket)/ws/echo", "--cacert", path, "--send", "over TLS", "--count", "1", "--no-input",
        ])
        #expect(session.exit == .done && session.output == ["over TLS"])
        let stranger = try await HawserProgram.run(["connect", "\(webSocket)/ws/echo", "--no-input"])
        #expect(stranger.exit == .failed)
        #expect(try await process.terminate() == .done)
    }

    @Test("a port that is taken, a host that is no address, a file that cannot be written: words and 1")
    func failures() async throws {
        let first = try HawserProgram.start(["mock", "--port", "0"])
        let port = try #require(try await first.line(.stdout, containing: "http").split(separator: ":").last)
        for (arguments, words) in [
            (["--port", String(port)], "127.0.0.1:\(port): Address already in use"),
            (["--host", "example.org", "--port", "0"], "example.org"),
            (["--tls", "--tls-cert-out", "/nonexistent/mock.pem", "--port", "0"], "/nonexistent/mock.pem"),
        ] {
            let finished = try await HawserProgram.run(["mock"] + arguments)
            #expect(finished.exit == .failed)
            #expect(finished.output == [])
            #expect(finished.errors.count == 1 && finished.errorText.contains(words), "\(finished.errorText)")
        }
        #expect(try await first.terminate() == .done)
    }

    @Test("--max-echo and --connections hold")
    func limits() async throws {
        let process = try HawserProgram.start(["mock", "--port", "0", "--max-echo", "10", "--connections", "1"])
        let url = try await process.line(.stdout, containing: "http")
        let port = try #require(UInt16(url.split(separator: ":").last ?? ""))
        try await onOwnThread {
            let client = try RawHTTPClient(port: port)
            #expect(try client.exchange("POST", "/echo", content: [UInt8](repeating: 97, count: 10)).status == 200)
            let second = try RawHTTPClient(port: port)
            try second.send("GET", "/user/1")
            #expect(throws: StreamError.timedOut("the end of a message head")) {
                try second.stream.readHead(within: .milliseconds(100))
            }
            #expect(try client.exchange("POST", "/echo", content: [UInt8](repeating: 97, count: 11)).status == 413)
            client.stream.close()
            #expect(try second.receive().status == 200)
        }
        #expect(try await process.terminate() == .done)
    }
}
