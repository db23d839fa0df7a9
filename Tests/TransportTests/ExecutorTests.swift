import Synchronization
import TestSupport
import Testing

@testable import Transport

/// The loop as an executor of Swift's concurrency.
@Suite("Executor")
struct ExecutorTests {
    actor Pinned {
        nonisolated let loop: EventLoop
        private var count = 0
        init(_ loop: EventLoop) { self.loop = loop }
        nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

        func increment() -> Bool {
            count += 1
            return loop.isOnLoop
        }
        var total: Int { count }
        func incrementTwin(_ twin: Pinned, times: Int) async -> Int {
            for _ in 0..<times { _ = await twin.increment() }
            return await twin.total
        }
    }

    actor Ordinary {
        private(set) var count = 0
        func increment() { count += 1 }
    }

    @Test("an actor pinned to the loop runs on its thread, and 10,000 hops from outside all arrive")
    func hops() async throws {
        try await withLoop { loop in
            let actor = Pinned(loop)
            for _ in 0..<10_000 where !(await actor.increment()) { Issue.record("not on the loop") }
            #expect(await actor.total == 10_000)
            let other = Pinned(loop)
            #expect(await actor.incrementTwin(other, times: 10_000) == 10_000)
        }
    }

    @Test("many tasks at once from the global pool: nothing is lost, nothing runs beside another")
    func contention() async throws {
        try await withLoop { loop in
            let actor = Pinned(loop)
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<50 {
                    group.addTask { for _ in 0..<200 { _ = await actor.increment() } }
                }
            }
            #expect(await actor.total == 10_000)
        }
    }

    @Test("a task that prefers the loop stays on it, and may call actors of every kind")
    func preference() async throws {
        try await withLoop { loop in
            let pinned = Pinned(loop)
            let ordinary = Ordinary()
            let strayed = await Task(executorPreference: loop) { () async -> Int in
                var strayed = 0
                for _ in 0..<1000 {
                    if !loop.isOnLoop { strayed += 1 }
                    _ = await pinned.increment()
                    await ordinary.increment()
                    await Task.yield()
                }
                async let child = loop.isOnLoop
                return strayed + (await child ? 0 : 1)
            }.value
            #expect(strayed == 0)
            #expect(await pinned.total == 1000)
            #expect(await ordinary.count == 1000)
        }
    }

    @Test("a callback on the loop steps into an actor's isolation without a hop")
    func assumption() async throws {
        try await withLoop { loop in
            let actor = Pinned(loop)
            let isOnLoop = await loop.run { actor.assumeIsolated { $0.increment() } }
            #expect(isOnLoop)
            #expect(await actor.total == 1)
        }
    }

    @Test("tasks that sleep and throw on the loop end as they should")
    func sleeping() async throws {
        struct Fault: Error {}
        try await withLoop { loop in
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 {
                    group.addTask(executorPreference: loop) {
                        try? await Task.sleep(for: .milliseconds(1))
                        return loop.isOnLoop
                    }
                }
                for await isOnLoop in group { #expect(isOnLoop) }
            }
            await #expect(throws: Fault.self) { try await loop.run { throw Fault() } }
        }
    }

    @Test("work that arrives after the loop's end still runs, alone and in order")
    func afterTheEnd() async throws {
        let loop = try EventLoop()
        let actor = Pinned(loop)
        await loop.shutdown()
        for _ in 0..<100 { #expect(await actor.increment()) }
        #expect(await actor.total == 100)
        let value = await Task(executorPreference: loop) { await actor.total }.value
        #expect(value == 100)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { for _ in 0..<50 { _ = await actor.increment() } } }
        }
        #expect(await actor.total == 1100)
    }

    @Test("shutdown from a task on the loop itself, and from several at once, returns to all of them")
    func shutdownFromWithin() async throws {
        let loop = try EventLoop()
        await withTaskGroup(of: Void.self) { group in
            group.addTask(executorPreference: loop) { await loop.shutdown() }
            for _ in 0..<5 { group.addTask { await loop.shutdown() } }
        }
        await loop.shutdown()
    }
}
