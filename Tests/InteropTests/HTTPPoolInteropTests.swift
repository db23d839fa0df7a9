import HawserHTTP
import NameResolution
import Synchronization
import TestSupport
import Testing

/// The pool, and many requests at once, with servers written by others.
@Suite("HTTP interop: pool and many at once", .serialized)
struct HTTPPoolInteropTests {
    @Test("forty at once over HTTP/1.1 open exactly forty connections", arguments: [HTTPWay.h1, .h1OverTLS])
    func fortyConnections(way: HTTPWay) async throws {
        let pool = HTTPPoolLimits(maxConnections: 40, maxPerHost: 40, maxKeepalive: 40)
        try await withHTTPServers(way, { $0.pool = pool }) { servers, client in
            let url = try servers.nginx(way, "/nginx/connection")
            let results = await client.gather(try (0..<1000).map { _ in try HTTPRequest(.get, url) }, limit: 40)
            let connections = try Set(results.map { try $0.get().text() })
            #expect(connections.count == 40)
        }
    }

    @Test("no more are under way at once than the limits say", arguments: HTTPWay.allCases)
    func limits(way: HTTPWay) async throws {
        for pool in [
            HTTPPoolLimits(maxConnections: 7, maxPerHost: 20), HTTPPoolLimits(maxConnections: 100, maxPerHost: 7),
        ] {
            try await withHTTPServers(way, { $0.pool = pool }) { servers, client in
                let url = try servers.nginx(way, "/together/\(token("limit"))/30")
                let results = await client.gather(try (0..<60).map { _ in try HTTPRequest(.get, url) }, limit: 60)
                let most = try results.map { try $0.get().json(as: Int.self) }.max()
                #expect(most == 7)
            }
        }
    }

    @Test("a connection is kept for the next request, as many as are allowed, and no longer than allowed")
    func keepAlive() async throws {
        try await withHTTPServers { servers, client in
            let url = try servers.app("/connection")
            let first = try await client.get(url)
            let second = try await client.get(url)
            #expect(first.text() == second.text())
            #expect(!first.timings.isReused && second.timings.isReused)
            #expect(second.timings.connect == .zero && second.timings.total >= second.timings.firstByte)
        }
        var pool = HTTPPoolLimits(maxKeepalive: 2)
        try await withHTTPServers(.h1, { $0.pool = pool }) { servers, client in
            let url = try servers.app("/connection")
            let held = try servers.app("/together/\(token("keep"))/100")
            _ = await client.gather(try (0..<10).map { _ in try HTTPRequest(.get, held) }, limit: 10)
            let results = await client.gather(try (0..<10).map { _ in try HTTPRequest(.get, url) }, limit: 10)
            let reused = try results.count { try $0.get().timings.isReused }
            #expect(reused >= 1)
        }
        pool = HTTPPoolLimits(keepaliveExpiry: .seconds(1))
        try await withHTTPServers(.h1, { $0.pool = pool }) { servers, client in
            let url = try servers.app("/connection")
            let first = try await client.get(url)
            // An idle connection is what is to be seen, so nothing else can be waited for.
            try await Task.sleep(for: .milliseconds(2200))
            let second = try await client.get(url)
            #expect(first.text() != second.text() && !second.timings.isReused)
        }
    }

    @Test("2,000 GETs, 8 at once, of a server that closes connections under requests: no error")
    func staleConnections() async throws {
        let pool = HTTPPoolLimits(maxConnections: 8, maxPerHost: 8, maxKeepalive: 8)
        try await withHTTPServers(.h1, { $0.pool = pool }) { servers, client in
            let requests = try (0..<2000).map { try HTTPRequest(.get, servers.rude("/fifth/\($0)")) }
            let results = await client.gather(requests, limit: 8)
            var failures: [String] = []
            for (index, result) in results.enumerated() {
                switch result {
                case .success(let answer) where answer.text() == "\(index)": break
                default: failures.append("\(index): \(result)")
                }
            }
            #expect(failures.isEmpty, "\(failures.count), e.g. \(failures.prefix(3))")
        }
    }

    @Test("results are in the order of the requests, and one failure harms no other", arguments: HTTPWay.allCases)
    func gather(way: HTTPWay) async throws {
        try await withHTTPServers(way) { servers, client in
            let bad = try servers.rude("/no-status-line")
            let requests = try (0..<500).map { index in
                try HTTPRequest(.get, index % 100 == 7 ? bad : servers.nginx(way, "/user/\(index)"))
            }
            for (index, result) in await client.gather(requests, limit: 40).enumerated() {
                if index % 100 == 7 {
                    #expect(throws: HTTPError.self) { try result.get() }
                } else {
                    #expect(try result.get().json() == ["id": index])
                }
            }
            let delays = [400, 20, 200]
            let slow = try delays.map { try HTTPRequest(.get, servers.nginx(way, "/delay/\($0)")) }
            var order: [Int] = []
            try await client.forEachResult(of: slow, limit: 3) { index, result in
                let status = try result.get().status
                #expect(status == 200)
                order.append(index)
            }
            #expect(order == [1, 2, 0])
        }
    }

    @Test("names are looked up once in their time, and the answers shared by several clients")
    func names() async throws {
        let asked = Atomic<Int>(0)
        let resolver = NameResolver(ttl: .milliseconds(300)) { host in
            asked.add(1, ordering: .relaxed)
            guard host == "somewhere.test", let address = SocketAddress(ipLiteral: "127.0.0.1", port: 0) else {
                return .failure(NameResolutionError(host: host, kind: .notFound, detail: "not in this test"))
            }
            return .success([address])
        }
        defer { resolver.shutdown() }
        let servers = try await HTTPInteropServers.shared()
        let port = try HTTPURL(servers.app("/")).port
        let url = "http://somewhere.test:\(port)/connection"
        for _ in 0..<2 {
            try await withHTTPServers(.h1, { $0.resolver = resolver }) { _, client in
                let results = await client.gather(try (0..<20).map { _ in try HTTPRequest(.get, url) }, limit: 10)
                #expect(try results.allSatisfy { try $0.get().status == 200 })
                let kind = await httpFailure { _ = try await client.get("http://nowhere.test/") }
                guard case .nameLookup = kind else {
                    Issue.record("\(String(describing: kind))")
                    return
                }
            }
        }
        // Two for the name that is not there; failures are not kept.
        let count = asked.load(ordering: .relaxed)
        #expect(count >= 3 && count <= 5, "\(count)")
    }

    @Test("several clients at once, each with its own limits and timeouts")
    func severalClients() async throws {
        try await withHTTPServers(.h1, { $0.timeouts.read = .milliseconds(200) }) { servers, hasty in
            try await withHTTPServers(.h1, { $0.pool.maxPerHost = 3 }) { _, patient in
                let url = try servers.app("/delay/700")
                async let late = httpFailure { _ = try await hasty.get(url) }
                async let good = patient.get(url).status
                guard case .timedOut(.read, _) = await late else {
                    Issue.record("the hasty client was not")
                    return
                }
                #expect(try await good == 200)
            }
        }
    }
}
