import Glibc

/// The descriptors and threads of this process at one moment, from /proc.
///
/// Tests of one process run at the same time; a census means something only where nothing else runs, so take it inside
/// an exit test (`#expect(processExitsWith: .success) { … }`), which has a process of its own.
public struct ProcessCensus: Hashable, Sendable, CustomStringConvertible {
    /// What each open descriptor refers to, by number: `socket:[1234]`, `pipe:[99]`, `/dev/null` …
    public let descriptors: [Int: String]
    /// The names of all threads, by thread id.
    public let threads: [Int: String]

    /// The process as it is now.
    public init() {
        var open: [Int: String] = [:]
        for name in entries(of: "/proc/self/fd") {
            // The directory's own descriptor is listed too, and closed by now.
            if let number = Int(name), let target = linkTarget("/proc/self/fd/\(name)") { open[number] = target }
        }
        var running: [Int: String] = [:]
        for name in entries(of: "/proc/self/task") {
            if let id = Int(name), let text = fileText("/proc/self/task/\(name)/comm") {
                running[id] = String(text.prefix { $0 != "\n" })
            }
        }
        descriptors = open
        threads = running
    }

    /// The process as it is once Swift's concurrency runtime has made the timers and threads that it makes only once.
    public static func baseline() async -> ProcessCensus {
        for _ in 0..<3 {
            try? await Task.sleep(for: .milliseconds(1), clock: .continuous)
            try? await Task.sleep(for: .milliseconds(1), clock: .suspending)
        }
        return ProcessCensus()
    }

    /// Descriptors that `earlier` did not have, or that refer to something else by now.
    public func descriptorsOpened(since earlier: ProcessCensus) -> [Int: String] {
        descriptors.filter { earlier.descriptors[$0.key] != $0.value }
    }

    /// Threads that `earlier` did not have.
    public func threadsStarted(since earlier: ProcessCensus) -> [Int: String] {
        threads.filter { earlier.threads[$0.key] == nil }
    }

    /// The counts.
    public var description: String {
        "\(descriptors.count) descriptors, \(threads.count) threads"
    }

    /// What this process has and `self` had not, after waiting for it to go. An exit test shows no values but those in a
    /// comment: `#expect(left.isEmpty, "\(left)")`.
    ///
    /// Threads of Swift's own pool, which bear the program's name, do not count.
    public func leftOver(within limit: Duration = .seconds(10)) async -> [String] {
        let deadline = ContinuousClock.now + limit
        let ordinaryNames = Set(threads.values)
        while true {
            let census = ProcessCensus()
            let descriptors = census.descriptorsOpened(since: self).map { "descriptor \($0.key): \($0.value)" }
            let started = census.threadsStarted(since: self).filter { !ordinaryNames.contains($0.value) }
            let left = descriptors + started.map { "thread \($0.key): \($0.value)" }
            if left.isEmpty || ContinuousClock.now >= deadline { return left.sorted() }
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}

/// The names in a directory, without `.` and `..`; empty if it cannot be read.
func entries(of path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

private func linkTarget(_ path: String) -> String? {
    var target = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &target, target.count)
    return count < 0 ? nil : String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// A file as text, invalid UTF-8 replaced; nil if it cannot be read.
public func fileText(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    return withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 { return nil }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(contentsOf: buffer[..<count])
        }
    }
}
