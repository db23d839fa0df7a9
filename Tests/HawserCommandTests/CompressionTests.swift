import TestSupport
import Testing

/// permessage-deflate through the whole program: configuration, session, records and log.
@Suite struct CompressionTests {
    @Test("compressed messages are recorded as they were, and the log says what was agreed on")
    func recorded() async throws {
        let server = try FaultServer(.deflatingNumbered(5_000, then: .hold))
        let daemon = try HeldDaemon(
            """
            defaults: {decode: json}
            sinks: {out: {file: {path: DIR/out.jsonl}}}
            subscriptions: {feed: {url: "\(server.url())"}}
            """
        )
        let opened = try await daemon.logged("subscription.opened")
        #expect(opened["compression"] == "permessage-deflate")
        try await eventually("every record") { daemon.numbers.count == 5_000 }
        #expect(daemon.numbers == Array(1...5_000))
        #expect(try await daemon.process.terminate() == .done)
        #expect(daemon.log("daemon.stopped").first?.integer("received_messages") == 5_000)
        server.stop()
    }

    @Test("only messages from the threshold on are sent compressed")
    func threshold() async throws {
        let texts = [String(repeating: "a", count: 199), String(repeating: "b", count: 200)]
        let frames = Collected<WireFrame>()
        let server = try FaultServer { connection in
            let codec = try connection.upgradeToDeflate()
            for text in texts {
                let frame = try connection.readFrame()
                frames.append(frame)
                #expect(try codec?.message(of: frame) == Array(text.utf8))
            }
            try connection.closeProperly()
        }
        let daemon = try HeldDaemon(
            """
            subscriptions:
              feed: {url: "\(server.url())", compression: {threshold: 200B}, subscribe: [\(texts[0]), \(texts[1])]}
            """
        )
        try await eventually("both messages") { frames.count >= 2 }
        #expect(frames.values.prefix(2).map(\.reserved) == [0, 4])
        #expect(frames.values[1].payload.count < 40)
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
    }

    @Test("what is offered follows the configuration of each subscription: nothing, all, or as much as memory allows")
    func offers() async throws {
        let server = try FaultServer(.deflatingEcho)
        let daemon = try HeldDaemon(
            """
            defaults: {compression: {enabled: false, memory: 20KiB}}
            subscriptions:
              off: {url: "\(server.url("/off"))"}
              small: {url: "\(server.url("/small"))", compression: {enabled: true}}
              large: {url: "\(server.url("/large"))", compression: {enabled: true, memory: 512KiB}}
            """
        )
        // It takes the small offer without doing what that asks for: that dial fails, and no matter.
        try await eventually("three dials") { server.requests.count >= 3 }
        let offers = Dictionary(server.requests.map { ($0.target, $0["Sec-WebSocket-Extensions"]) }) { first, _ in first
        }
        #expect(offers["/off"] == .some(nil))
        #expect(offers["/small"]??.contains("server_max_window_bits=11") == true, "\(offers)")
        #expect(offers["/large"] == "permessage-deflate; client_max_window_bits", "\(offers)")
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
    }

    @Test("a bomb ends the session with too_big and 1009, and costs about as much memory as a message may have")
    func bomb() async throws {
        let server = try FaultServer(
            .sequence([.closeCode(1000), .deflateBomb(mebibytes: 1_024)], then: .deflatingEcho)
        )
        let daemon = try HeldDaemon(
            """
            defaults: {reconnect: {first: 1s, jitter: none}}
            subscriptions: {feed: {url: "\(server.url())"}}
            """
        )
        try await daemon.logged("subscription.closed")
        let before = daemon.status("VmHWM")
        let closed = try await daemon.logged("subscription.closed", times: 2)
        #expect(closed["outcome"] == "too_big")
        #expect(server.closes.last?.closeCode == 1009)
        // A message may have 4 MiB; the bomb has 1 GiB.
        let grown = daemon.status("VmHWM") - before
        #expect(before > 0 && grown < 48 << 10, "\(grown) KiB")
        #expect(try await daemon.process.terminate() == .done)
        server.stop()
    }

    @Test("connect says what was agreed on, and offers nothing with --no-compression")
    func connect() async throws {
        let server = try FaultServer(.deflatingEcho)
        let text = String(repeating: "compressible ", count: 100)
        for (more, isCompressed) in [([], true), (["--no-compression"], false)] as [([String], Bool)] {
            let finished = try await HawserProgram.run(
                ["connect", server.url(), "--send", text, "--count", "1", "--no-input"] + more
            )
            #expect(finished.exit == .done)
            #expect(finished.output == [text])
            let said = finished.errors.first ?? ""
            #expect(said.hasSuffix(", permessage-deflate") == isCompressed, "\(said)")
            #expect((server.requests.last?["Sec-WebSocket-Extensions"] != nil) == isCompressed)
        }
        server.stop()
    }
}

extension HeldDaemon {
    /// The numbers of the records in `out.jsonl` so far.
    fileprivate var numbers: [Int] {
        let text = directory.text(of: "out.jsonl") ?? ""
        // The last line may be half written; of a whole file it is empty.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return lines.compactMap { line in line.firstMatch(of: /"json":{"n":(\d+)}/).flatMap { Int($0.output.1) } }
    }
}
