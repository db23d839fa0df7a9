import Locking
import Foundation
import MonotonicTime

import TestSupport

@testable import HawserDaemon

/// A batch of numbered text messages of one subscription, `sub`.
func batch(_ numbers: ClosedRange<Int>, padding: Int = 0, run: String = "test") -> RecordBatch {
    var builder = RecordBatchBuilder(identity: RunIdentity(run: run, subscriptionNames: ["sub"]))
    let filler = String(repeating: "x", count: padding)
    for number in numbers { builder.append("m\(number)\(filler)", sequence: UInt64(number)) }
    guard let batch = builder.seal() else { preconditionFailure("a range has a number") }
    return batch
}

/// The lines of a file; fails the test if one is not JSON or the last has no line feed.
func fileLines(_ path: String) throws -> [[String: Any]] {
    try jsonLines(Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The lines of `data`; throws if one is not JSON or the last has no line feed.
func jsonLines(_ data: Data) throws -> [[String: Any]] {
    guard let last = data.last else { return [] }
    guard last == UInt8(ascii: "\n") else { throw CocoaError(.fileReadCorruptFile) }
    return try data.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
        guard let members = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return members
    }
}

/// The sequences of the messages among `lines`, in order.
func sequences(_ lines: [[String: Any]]) -> [Int] {
    lines.compactMap { $0["seq"] as? Int }
}

/// The subscriptions that have a gap with cause `restart` among `lines`, in order.
func restarts(_ lines: [[String: Any]]) -> [String] {
    lines.filter { $0["mark"] as? String == "gap" && $0["cause"] as? String == "restart" }
        .compactMap { $0["sub"] as? String }
}

/// The unpacked content of a gzip file, by Debian's gzip and not by our own zlib binding.
func gunzip(_ path: String) async throws -> Data {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", path]
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw CocoaError(.fileReadCorruptFile) }
    return data
}

/// Clocks that stand still unless a test moves them.
final class ManualClock: Sendable {
    private let state = OrderedMutex((now: Instant.origin, wall: Int64(1_795_208_400_000_000_000)))

    var clock: SinkClock {
        SinkClock(
            now: { self.state.withLock { $0.now } },
            wallNanoseconds: { self.state.withLock { $0.wall } }
        )
    }

    var now: Instant { state.withLock { $0.now } }

    /// Moves both clocks.
    func advance(by duration: Duration) {
        state.withLock {
            $0.now = $0.now + duration
            $0.wall += duration.saturatedNanoseconds
        }
    }

    /// Moves the wall clock alone, as an administrator does.
    func stepWall(by duration: Duration) {
        state.withLock { $0.wall += duration.saturatedNanoseconds }
    }
}

/// System calls of the real file system that fail as told.
final class FaultyFiles: Sendable {
    struct Faults {
        /// What each following write does instead of all it was asked for: take so many bytes at most, or fail.
        var writes: [WriteFault] = []
        /// Bytes that are free; then ENOSPC. Nil: no limit.
        var room: Int?
        var syncErrors: [Int32] = []
        var renameErrors: [Int32] = []
        var openErrors: [Int32] = []
        var synced = 0
        var writeCalls = 0
    }

    enum WriteFault {
        case short(Int)
        case fails(Int32)
    }

    let faults = OrderedMutex(Faults())

    var operations: FileOperations {
        var operations = FileOperations.system
        let system = operations
        operations.write = { [self] descriptor, bytes throws(SystemError) in
            let allowed = try allowedLength(bytes.count)
            return try system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<allowed]))
        }
        operations.synchronize = { [self] descriptor throws(SystemError) in
            if let errno = faults.withLock({ $0.syncErrors.popFirst() }) { throw SystemError(errno: errno) }
            faults.withLock { $0.synced += 1 }
            try system.synchronize(descriptor)
        }
        operations.rename = { [self] path, newPath throws(SystemError) in
            if let errno = faults.withLock({ $0.renameErrors.popFirst() }) { throw SystemError(errno: errno) }
            try system.rename(path, newPath)
        }
        operations.open = { [self] path, flags, mode throws(SystemError) in
            if let errno = faults.withLock({ $0.openErrors.popFirst() }) { throw SystemError(errno: errno) }
            return try system.open(path, flags, mode)
        }
        return operations
    }

    private func allowedLength(_ count: Int) throws(SystemError) -> Int {
        let answer = faults.withLock { faults -> Result<Int, SystemError> in
            faults.writeCalls += 1
            var allowed = count
            switch faults.writes.popFirst() {
            case .short(let most): allowed = min(allowed, most)
            case .fails(let errno): return .failure(SystemError(errno: errno))
            case nil: break
            }
            if let room = faults.room {
                guard room > 0 else { return .failure(SystemError(errno: ENOSPC)) }
                allowed = min(allowed, room)
                faults.room = room - allowed
            }
            return .success(allowed)
        }
        return try answer.get()
    }
}

extension Array {
    fileprivate mutating func popFirst() -> Element? {
        isEmpty ? nil : removeFirst()
    }
}
