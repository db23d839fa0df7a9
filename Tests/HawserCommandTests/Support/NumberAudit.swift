import Glibc
import TestSupport

/// Follows the records of numbered feeds as a careful consumer does: each line whole, each number once and in order, and
/// whatever is missing behind a gap mark.
struct NumberAudit: Sendable {
    private struct Feed {
        var run = ""
        var session = 0
        var sequence = 0
        var number = 0
        var gapIsOpen: Bool
    }

    /// What a consumer would complain about; the first twenty.
    private(set) var problems: [String] = []
    /// Messages seen.
    private(set) var messages = 0
    /// Numbers that are missing inside gaps.
    private(set) var missing = 0
    /// Marks seen: `opened`, `closed`, and gaps as `gap CAUSE`.
    private(set) var marks: [String: Int] = [:]
    /// Runs in order of appearance.
    private(set) var runs: [String] = []
    /// Lines seen.
    private(set) var lines = 0
    private var feeds: [String: Feed] = [:]
    private let mayBeginAnywhere: Bool

    /// - Parameter mayBeginAnywhere: whether the first number may be another than 1, as after a kill that left nothing.
    init(mayBeginAnywhere: Bool = false) {
        self.mayBeginAnywhere = mayBeginAnywhere
    }

    /// The newest number of each subscription.
    var newest: [String: Int] { feeds.mapValues(\.number) }

    /// Audits a whole file.
    static func file(_ path: String, mayBeginAnywhere: Bool = false) throws -> NumberAudit {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemCallError("open \(path)") }
        defer { close(descriptor) }
        return try contents(of: descriptor, mayBeginAnywhere: mayBeginAnywhere)
    }

    /// Audits what `descriptor` has from its start.
    static func contents(of descriptor: Int32, mayBeginAnywhere: Bool = false) throws -> NumberAudit {
        var audit = NumberAudit(mayBeginAnywhere: mayBeginAnywhere)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { buffer.deallocate() }
        var kept = 0
        var offset = 0
        while true {
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[kept...])
            let count = pread(descriptor, room.baseAddress, room.count, offset)
            guard count >= 0 else { throw SystemCallError("read") }
            if count == 0 { break }
            offset += count
            kept = audit.takeLines(of: UnsafeMutableRawBufferPointer(rebasing: buffer[..<(kept + count)]))
        }
        if kept > 0 { audit.complain("the file ends inside a line, with \(kept) bytes") }
        return audit
    }

    /// Audits lines of text.
    mutating func take(_ lines: [String]) {
        for line in lines {
            var line = line
            line.withUTF8 { take(UnsafeRawBufferPointer($0)) }
        }
    }

    /// Takes whole lines and moves what is left to the begin; gives its length.
    private mutating func takeLines(of bytes: UnsafeMutableRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var start = 0
        while let end = memchr(base + start, 10, bytes.count - start) {
            let length = UnsafeRawPointer(end) - UnsafeRawPointer(base + start)
            take(UnsafeRawBufferPointer(start: base + start, count: length))
            start += length + 1
        }
        memmove(base, base + start, bytes.count - start)
        if start == 0, bytes.count == 1 << 20 { complain("a line of more than a MiB") }
        return bytes.count - start
    }

    private mutating func take(_ line: UnsafeRawBufferPointer) {
        lines += 1
        if let record = NumberedRecord(line) { return take(record) }
        let text = String(decoding: line, as: UTF8.self)
        guard let record = try? JSONLine(text), let subscription = record.subscription, let run = record["run"],
            let mark = record.mark
        else { return complain("line \(lines) is no record: \(text.prefix(300))") }
        var feed = feeds[subscription] ?? Feed(gapIsOpen: mayBeginAnywhere)
        enter(run, &feed, subscription, beginsWithRestart: record["cause"] == "restart")
        switch mark {
        case "gap": takeGap(record, &feed, subscription)
        case "opened": break
        case "closed" where record.integer("session") == feed.session:
            if record.integer("messages") != feed.sequence {
                complain("\(subscription): \(feed.sequence) messages before \(text)")
            }
        case "closed": if record.integer("messages") != 0 { complain("\(subscription): no messages before \(text)") }
        default: complain("an unknown mark: \(text)")
        }
        marks[mark == "gap" ? "gap \(record["cause"] ?? "-")" : mark, default: 0] += 1
        feeds[subscription] = feed
    }

    private mutating func takeGap(_ record: JSONLine, _ feed: inout Feed, _ subscription: String) {
        feed.gapIsOpen = true
        if let after = record.members["after"]?.object {
            let place = (after["session"]?.integer ?? 0, after["seq"]?.integer ?? 0)
            if place != (feed.session, feed.sequence) {
                complain("\(subscription): the gap starts behind \(place), not behind \(feed.session)/\(feed.sequence)")
            }
        }
        if let before = record.members["before"]?.object, before["seq"]?.integer != 1 {
            complain("\(subscription): a gap ends inside a session: \(record.line)")
        }
    }

    private mutating func take(_ record: NumberedRecord) {
        let name = record.subscription
        messages += 1
        var feed = feeds[name] ?? Feed(gapIsOpen: mayBeginAnywhere)
        enter(record.run, &feed, name, beginsWithRestart: false)
        if record.number <= feed.number { complain("\(name): \(record.number) after \(feed.number)") }
        let skipped = record.number - feed.number - 1
        if skipped > 0 {
            if feed.gapIsOpen { missing += skipped } else { complain("\(name): no gap before \(record)") }
        }
        let follows =
            record.session == feed.session
            ? record.sequence == feed.sequence + 1 : record.session > feed.session && record.sequence == 1
        if !follows { complain("\(name): \(record) after \(feed.session)/\(feed.sequence)") }
        feed.session = record.session
        feed.sequence = record.sequence
        feed.number = record.number
        feed.gapIsOpen = false
        feeds[name] = feed
    }

    /// A run other than the last has to begin with a gap of cause `restart`, for each subscription.
    private mutating func enter(_ run: String, _ feed: inout Feed, _ name: String, beginsWithRestart: Bool) {
        guard feed.run != run else { return }
        if !feed.run.isEmpty, !beginsWithRestart { complain("\(name): run \(run) begins without a gap") }
        if runs.last != run {
            if runs.contains(run) { complain("the lines of run \(run) are mixed with others") }
            runs.append(run)
        }
        feed.run = run
        feed.session = 0
        feed.sequence = 0
    }

    private mutating func complain(_ problem: String) {
        if problems.count < 20 { problems.append(problem) }
    }
}
