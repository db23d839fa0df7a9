import Locking

extension HTTPClient {
    /// Sends all of `requests`, at most `limit` at a time, and returns what came of each, in their order. A failure harms
    /// no other.
    ///
    /// If the task is cancelled, so is what is under way; the rest is not sent.
    public func gather(_ requests: [HTTPRequest], limit: Int = 40) async -> [Result<HTTPResponse, any Error>] {
        let work = GatheredWork(count: requests.count)
        // On the engine's own thread: no change of thread for each request, and one task for many of them.
        await withTaskExecutorPreference(engine.executor) {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<min(max(1, limit), requests.count) {
                    group.addTask {
                        while !Task.isCancelled, let index = work.take() {
                            do { work.put(index, .success(try await self.execute(requests[index]))) } catch {
                                work.put(index, .failure(error))
                            }
                        }
                    }
                }
            }
        }
        return work.takeResults()
    }

    /// Sends all of `requests`, at most `limit` at a time, and calls `body` with what came of each, with its place among
    /// them, as it comes.
    ///
    /// The requests may be made while others are under way: no more than `limit` of them are held.
    /// - Throws: what `body` throws, which ends what is under way.
    public func forEachResult(
        of requests: some Sequence<HTTPRequest>,
        limit: Int = 40,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (_ index: Int, _ result: Result<HTTPResponse, any Error>) async throws -> Void
    ) async throws {
        var failure: (any Error)?
        await performAll(requests, limit: limit) { index, result in
            do { try await body(index, result) } catch { failure = error }
            return failure == nil
        }
        if let failure { throw failure }
    }

    /// - Parameter body: returns whether to go on.
    private func performAll(
        _ requests: some Sequence<HTTPRequest>,
        limit: Int,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Int, Result<HTTPResponse, any Error>) async -> Bool
    ) async {
        await withTaskGroup(of: Numbered.self) { group in
            var upcoming = requests.makeIterator()
            var next = 0
            for _ in 0..<max(1, limit) {
                guard let request = upcoming.next() else { break }
                add(request, next, to: &group)
                next += 1
            }
            while let answer = await group.next() {
                if !Task.isCancelled, let request = upcoming.next() {
                    add(request, next, to: &group)
                    next += 1
                }
                guard await body(answer.index, answer.result) else { return group.cancelAll() }
            }
        }
    }

    private func add(_ request: HTTPRequest, _ index: Int, to group: inout TaskGroup<Numbered>) {
        // On the engine's own thread: no change of thread for each request.
        group.addTask(executorPreference: engine.executor) {
            do { return Numbered(index: index, result: .success(try await self.execute(request))) } catch {
                return Numbered(index: index, result: .failure(error))
            }
        }
    }
}

/// Requests that several tasks send, each the next one that is left.
private final class GatheredWork: Sendable {
    private struct State {
        var next = 0
        var results: [Result<HTTPResponse, any Error>?]
    }

    private let count: Int
    private let state: OrderedMutex<State>

    init(count: Int) {
        self.count = count
        state = OrderedMutex(State(results: Array(repeating: nil, count: count)))
    }

    /// The next one; nil if none is left.
    func take() -> Int? {
        state.withLock { state in
            guard state.next < count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    func put(_ index: Int, _ result: Result<HTTPResponse, any Error>) {
        state.withLock { $0.results[index] = result }
    }

    /// What came of each; those that were not sent were cancelled.
    func takeResults() -> [Result<HTTPResponse, any Error>] {
        state.withLock { state in
            defer { state.results = [] }
            return state.results.map { $0 ?? .failure(CancellationError()) }
        }
    }
}

/// What came of a request, with its place among the others.
private struct Numbered: Sendable {
    var index: Int
    var result: Result<HTTPResponse, any Error>
}
