import ConnectionLifecycle
import HawserWebSocket
import TestSupport
import Testing
import WebSocketProtocol

/// permessage-deflate with servers that do not share a line of code with ours.
@Suite struct DeflateInteropTests {
    /// The servers that let a test say what they answer.
    private static let demanding: [InteropServer.Kind] = [.websockets, .ws, .nginx]

    @Test(
        "messages of every size, compressible or not, come back as they were sent",
        arguments: InteropServer.Kind.allCases
    )
    func echo(kind: InteropServer.Kind) async throws {
        try await connect(kind, "/echo") { session in
            try #require(await session.agreed?.compression != nil)
            for size in [0, 1, 255, 256, 257, 1_000, 65_535, 65_536, 1 << 20, 4 << 20] {
                try await expectEcho(.text(prose(size)), session)
                try await expectEcho(.binary(noise(size, seed: UInt64(size))), session)
            }
        }
    }

    @Test(
        "histories are kept or forgotten as this side asked",
        arguments: InteropServer.Kind.allCases,
        [(false, false), (false, true), (true, false), (true, true)]
    )
    func takeover(kind: InteropServer.Kind, asked: (server: Bool, client: Bool)) async throws {
        let policy = CompressionPolicy(
            serverNoContextTakeover: asked.server,
            clientNoContextTakeover: asked.client
        )
        try await connect(kind, "/echo", { $0.compression = policy }) { session in
            let agreement = try #require(await session.agreed?.compression)
            #expect(agreement.serverNoContextTakeover == asked.server)
            #expect(agreement.clientNoContextTakeover == asked.client)
            for size in [3_000, 3_000, 0, 50_000, 3_000] { try await expectEcho(.text(prose(size)), session) }
        }
        try await expectHistory(kept: !asked.client, on: "/wire", of: kind) { $0.compression = policy }
    }

    @Test(
        "histories are kept or forgotten as the server demands",
        arguments: demanding,
        ["server_no_context_takeover", "client_no_context_takeover"]
    )
    func demandedTakeover(kind: InteropServer.Kind, demand: String) async throws {
        try await connect(kind, "/echo?\(demand)") { session in
            let agreement = try #require(await session.agreed?.compression)
            #expect(agreement.description.contains(demand))
            for size in [3_000, 3_000, 0, 50_000, 3_000] { try await expectEcho(.text(prose(size)), session) }
        }
        try await expectHistory(kept: demand.hasPrefix("server"), on: "/wire?\(demand)", of: kind)
    }

    @Test("windows of every size that the server demands of us are kept to", arguments: demanding, 8...15)
    func clientWindow(kind: InteropServer.Kind, bits: Int) async throws {
        try await connect(kind, "/echo?client_max_window_bits=\(bits)", { $0.compression?.memory = 1 << 20 }) {
            session in
            #expect(await session.agreed?.compression?.clientWindowBits == bits)
            try await expectFarEchoes(session)
        }
    }

    @Test("windows of every size that the server chooses for itself are inflated", arguments: demanding, 9...15)
    func serverWindow(kind: InteropServer.Kind, bits: Int) async throws {
        try await connect(kind, "/echo?server_max_window_bits=\(bits)") { session in
            #expect(await session.agreed?.compression?.serverWindowBits == bits)
            try await expectFarEchoes(session)
        }
    }

    @Test("a server keeps to the window that we ask for", arguments: InteropServer.Kind.allCases, 9...15)
    func requestedWindow(kind: InteropServer.Kind, bits: Int) async throws {
        try await connect(kind, "/echo", { $0.compression?.serverMaxWindowBits = bits }) { session in
            let agreed = try #require(await session.agreed?.compression?.serverWindowBits)
            #expect(agreed <= bits)
            try await expectFarEchoes(session)
        }
    }

    @Test("a window of 8 bits works with ws, whose zlib uses 9 in its place; the others decline it")
    func smallestWindow() async throws {
        for kind in InteropServer.Kind.allCases {
            try await connect(kind, "/echo", { $0.compression?.serverMaxWindowBits = 8 }) { session in
                let bits = await session.agreed?.compression?.serverWindowBits
                #expect(bits == (kind == .ws || kind == .nginx ? 8 : nil), "\(kind)")
                try await expectFarEchoes(session)
            }
        }
    }

    @Test(
        "fragments with Pings between, the same text again, and empty messages arrive whole",
        arguments: InteropServer.Kind.allCases
    )
    func fragments(kind: InteropServer.Kind) async throws {
        for memory in [CompressionPolicy.memoryMinimum, CompressionPolicy.standardMemory] {
            // aiohttp's frames are made by the test's server itself, which uses the largest window.
            if kind == .aiohttp && memory < CompressionPolicy.standardMemory { continue }
            try await connect(kind, "/compressed", { $0.compression?.memory = memory }) { session in
                try #require(await session.agreed?.compression != nil)
                var messages: [WebSocketMessage] = []
                for try await message in session.messages { messages.append(message) }
                let expected = (1...500).map { "line \($0) of \($0 * $0) costs \($0 % 7) €\n" }.joined()
                let isExpected = messages == [.text(expected), .text(expected), .text(""), .binary([])]
                #expect(isExpected, "\(messages.map(\.byteCount))")
            }
        }
    }

    @Test("only messages from the threshold on are compressed", arguments: InteropServer.Kind.allCases)
    func threshold(kind: InteropServer.Kind) async throws {
        try await connect(kind, "/wire", { $0.compression?.threshold = 1_000 }) { session in
            try #require(await session.agreed?.compression != nil)
            #expect(try await wireBytes(of: [UInt8](repeating: 97, count: 999), session) > 999)
            #expect(try await wireBytes(of: [UInt8](repeating: 97, count: 1_000), session) < 100)
        }
    }

    @Test(
        "a gibibyte of zeros in a mebibyte is refused, and costs no more memory than a message may have",
        .serialized,
        arguments: InteropServer.Kind.allCases
    )
    func bomb(kind: InteropServer.Kind) async throws {
        // The server and its connections are there before the peak is measured.
        try await connect(kind, "/echo") { try await expectEcho(.text("ready"), $0) }
        let before = try PeakMemory.reset()
        do {
            try await connect(kind, "/bomb") { session in
                for try await message in session.messages { Issue.record("of \(message.byteCount) bytes") }
            }
            Issue.record("the session ended in order")
        } catch WebSocketError.ended(let report) {
            #expect(report.end.outcome == .tooBig)
            #expect(report.end.closeCode == 1009)
        }
        let grown = try PeakMemory.kibibytes() - before
        #expect(grown < 24 << 10, "\(grown) KiB")
    }

    @Test(
        "a server that declines, and a client that does not offer, talk uncompressed",
        arguments: InteropServer.Kind.allCases
    )
    func declined(kind: InteropServer.Kind) async throws {
        try await connect(kind, "/echo?deflate=off") { session in
            #expect(await session.agreed?.compression == nil)
            try await expectFarEchoes(session)
        }
        try await connect(kind, "/echo", { $0.compression = nil }) { session in
            #expect(await session.agreed?.compression == nil)
            try await expectFarEchoes(session)
        }
    }

    /// Messages whose repetitions are nearer and farther than any window.
    private func expectFarEchoes(_ session: WebSocketSession) async throws {
        for distance in [200, 300, 600, 1_100, 5_000, 20_000, 40_000] {
            let part = noise(distance, seed: 7)
            try await expectEcho(.binary(part + part), session)
        }
    }

    /// Sends bytes that are compressible only by what was sent before.
    private func expectHistory(
        kept: Bool,
        on route: String,
        of kind: InteropServer.Kind,
        _ configure: (inout WebSocketConfiguration) -> Void = { _ in }
    ) async throws {
        try await connect(kind, route, configure) { session in
            let bytes = noise(1_000, seed: 3)
            #expect(try await wireBytes(of: bytes, session) > 1_000)
            let again = try await wireBytes(of: bytes, session)
            #expect(kept ? again < 100 : again > 1_000, "\(again) bytes")
        }
    }

    private func wireBytes(of message: [UInt8], _ session: WebSocketSession) async throws -> Int {
        try await session.send(message)
        var messages = session.messages.makeAsyncIterator()
        guard case .text(let text) = try await messages.next(), let count = Int(text) else { throw NoAnswer() }
        return count
    }

    private func expectEcho(_ message: WebSocketMessage, _ session: WebSocketSession) async throws {
        switch message {
        case .text(let text): try await session.send(text)
        case .binary(let bytes): try await session.send(bytes)
        }
        var messages = session.messages.makeAsyncIterator()
        let answer = try await messages.next()
        let isSame = answer == message
        #expect(isSame, "\(answer?.byteCount ?? -1) bytes for \(message.byteCount)")
    }

    private struct NoAnswer: Error {}
}

/// Text of this many bytes that compresses well.
private func prose(_ size: Int) -> String {
    let line = "{\"symbol\":\"ABC\",\"price\":101.25,\"size\":300,\"side\":\"buy\"}\n"
    return String(String(repeating: line, count: size / line.utf8.count + 1).prefix(size))
}

/// Bytes that do not compress, the same for the same seed.
private func noise(_ size: Int, seed: UInt64) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return [UInt8](unsafeUninitializedCapacity: size) { bytes, filled in
        var index = 0
        while index < size {
            var word: UInt64 = generator.next()
            withUnsafeBytes(of: &word) { word in
                let count = min(8, size - index)
                UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(bytes)[index..<index + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: word[..<count]))
                index += count
            }
        }
        filled = size
    }
}
