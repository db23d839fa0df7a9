import TestSupport
import Testing

@testable import HawserServers

/// The reader of requests by itself: bytes in, parts out.
@Suite struct HTTPRequestReaderTests {
    /// What a reader found: heads and contents in order, and the status of what ended it.
    private struct Found: Equatable {
        var requests: [String] = []
        var contents: [[UInt8]] = []
        var whole = 0
        var fault: Int?
    }

    private func read(_ bytes: [UInt8], pieces: (Int) -> Int) -> Found {
        var reader = HTTPRequestReader()
        var found = Found()
        var start = 0
        do {
            while start < bytes.count {
                let piece = Array(bytes[start..<min(bytes.count, start + max(1, pieces(start)))])
                start += piece.count
                var position = 0
                try piece.withUnsafeBytes { buffer in
                    while let event = try reader.next(buffer, &position) {
                        switch event {
                        case .head(let head):
                            let fields = head.fields.map { "\($0.name)=\($0.value)" }.joined(separator: ";")
                            found.requests.append("\(head.method) \(head.path)?\(head.query) \(fields)")
                            found.contents.append([])
                        case .content(let range): found.contents[found.contents.count - 1] += buffer[range]
                        case .end: found.whole += 1
                        }
                    }
                }
                #expect(position == piece.count)
            }
        } catch {
            found.fault = (error as? HTTPRequestFault)?.status
        }
        return found
    }

    @Test("requests are found one behind the other, in whatever pieces they come")
    func pieces() {
        let text =
            "\r\nGET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Empty:\r\n\r\n"
            + "POST http://h:1/p HTTP/1.1\r\nhost:x\r\nContent-Length: 5\r\n\r\n12345\r\n"
            + "PUT /q HTTP/1.1\r\nHost: \t x \t\r\nTransfer-Encoding: Chunked\r\n\r\n"
            + "3;e=\"1\"\r\nabc\r\n00A \r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n"
            + "OPTIONS * HTTP/1.1\r\nHost: y\r\n\r\n"
        let bytes = Array(text.utf8)
        let whole = read(bytes) { _ in bytes.count }
        #expect(
            whole
                == Found(
                    requests: [
                        "GET /a?b=c Host=x;X-Empty=", "POST /p? host=x;Content-Length=5",
                        "PUT /q? Host=x;Transfer-Encoding=Chunked", "OPTIONS *? Host=y",
                    ],
                    contents: [[], Array("12345".utf8), Array("abc0123456789".utf8), []],
                    whole: 4
                )
        )
        for size in 1...40 { #expect(read(bytes) { _ in size } == whole, "in pieces of \(size)") }
        var random = SeededGenerator("request pieces")
        for _ in 0..<200 {
            #expect(read(bytes) { _ in Int.random(in: 1...60, using: &random) } == whole, "seed \(random.seed)")
        }
    }

    @Test(
        "what is no request, or could be understood in two ways, is refused",
        arguments: [
            ("GET / HTTP/1.1\nHost: x\n\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400), ("GET /\r\nHost: x\r\n\r\n", 400),
            ("GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("G{T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505), ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            ("GET / ABCD/1.1\r\nHost: x\r\n\r\n", 400), ("GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
            ("GET /\u{e4} HTTP/1.1\r\nHost: x\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\r\nno colon\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: x\ry\r\n\r\n", 400),
            ("GET / HTTP/1.1\rX: y\r\nHost: x\r\n\r\n", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999999\r\n\r\n", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
            ("P / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\nb", 400),
            ("P / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1000000000000000\r\n", 400),
        ]
    )
    func faults(_ text: String, _ status: Int) {
        let bytes = Array(text.utf8)
        #expect(read(bytes) { _ in bytes.count }.fault == status)
        #expect(read(bytes) { _ in 1 }.fault == status, "byte by byte")
    }

    @Test("heads, fields, size lines and trailers have limits")
    func limits() {
        let head = "GET / HTTP/1.1\r\nHost: x\r\n"
        let long = Array("\(head)X: \(String(repeating: "y", count: HTTPRequestReader.headLimit))\r\n\r\n".utf8)
        #expect(read(long) { _ in long.count }.fault == 431)
        #expect(read(long) { _ in 1000 }.fault == 431)
        let fields = String(repeating: "A:\r\n", count: HTTPRequestHead.fieldLimit - 1)
        let most = Array("\(head)\(fields)\r\n".utf8)
        #expect(read(most) { _ in most.count }.whole == 1)
        let many = Array("\(head)\(fields)A:\r\n\r\n".utf8)
        #expect(read(many) { _ in many.count }.fault == 431)
        let chunked = "\(head)Transfer-Encoding: chunked\r\n\r\n"
        let endless = Array("\(chunked)1;\(String(repeating: "e", count: 9000))\r\n".utf8)
        #expect(read(endless) { _ in 100 }.fault == 400)
        let trailers = Array("\(chunked)0\r\n\(String(repeating: "T: t\r\n", count: 2000))\r\n".utf8)
        #expect(read(trailers) { _ in 100 }.fault == 400)
    }

    @Test("random bytes, and sound requests with one byte changed, never crash the reader")
    func damage() {
        var random = SeededGenerator("damaged requests")
        let sound = Array(
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".utf8
        )
        for _ in 0..<3000 {
            var bytes = sound
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let size = Int.random(in: 1...bytes.count, using: &random)
            let found = read(bytes) { _ in size }
            #expect(found.whole <= 3 && found.requests.count <= 3, "seed \(random.seed)")
        }
    }

    @Test("percent-encoding, keep-alive and tokens are understood")
    func details() throws {
        let head = try HTTPRequestHead(
            Array("GET /p?a=1&b=x%20y+z%zz&c&b=2 HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n".utf8)
        )
        #expect(head.queryItem("b") == "x y z%zz")
        #expect(head.queryItem("c") == "" && head.queryItem("d") == nil)
        #expect(head.keepsAlive && head.minorVersion == 0 && head["connection"] == "x, Keep-Alive")
        let closing = try HTTPRequestHead(Array("GET / HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n".utf8))
        #expect(!closing.keepsAlive)
        #expect(try !HTTPRequestHead(Array("GET / HTTP/1.0\r\n\r\n".utf8)).keepsAlive)
    }

    @Test("a full table forgets what was added first")
    func boundedTable() {
        var table = BoundedTable<Int>(capacity: 3)
        for number in 1...3 { table.set(number, for: "\(number)") }
        table.set(10, for: "1")
        #expect(table["1"] == 10 && table.count == 3)
        for number in 4...5 { table.set(number, for: "\(number)") }
        #expect(table["1"] == nil && table["2"] == nil && table["3"] == 3 && table["5"] == 5 && table.count == 3)
    }
}
