import Foundation
import Glibc
import Logging
import TestSupport
import Testing

@testable import HawserDaemon

/// Log lines as entries of the journal.
@Suite("Journal")
struct JournalTests {
    private let directory: TemporaryDirectory
    private let receiver: JournalReceiver
    private var path: String { directory.file("socket") }

    init() throws {
        directory = try TemporaryDirectory()
        receiver = try JournalReceiver(path: directory.file("socket"))
    }

    private func logging(_ path: String, to descriptor: Int32, format: LogFormat = .journald) -> LoggingSetup {
        LoggingSetup(format: format, level: .trace, descriptor: descriptor, environment: [:], journal: path)
    }

    private func texts(_ fields: JournalReceiver.Fields) -> [String: String] {
        Dictionary(uniqueKeysWithValues: fields.map { ($0.name, String(decoding: $0.value, as: UTF8.self)) })
    }

    @Test("every field of a line is a field of the entry, and the message says whom it is about")
    func entry() throws {
        let logging = logging(path, to: STDERR_FILENO)
        logging.logger.with([.subscription: "trades"]).log(
            .error,
            .subscriptionClosed,
            "the server closed it",
            [.closeCode: 1012, .tlsVerify: false, .closeReason: "two\nlines = \u{1B}[31m\0", .outcome: nil]
        )
        let (fields, isFile) = try receiver.receive()
        #expect(!isFile)
        #expect(
            texts(fields) == [
                "MESSAGE": "trades: the server closed it", "PRIORITY": "3", "SYSLOG_IDENTIFIER": "hawser",
                "MESSAGE_ID": EventName.subscriptionClosed.messageID, "HAWSER_EVENT": "subscription.closed",
                "HAWSER_SUBSCRIPTION": "trades", "HAWSER_CLOSE_CODE": "1012", "HAWSER_TLS_VERIFY": "false",
                "HAWSER_CLOSE_REASON": "two\nlines = \u{1B}[31m\0",
            ]
        )
    }

    @Test("levels are the priorities of syslog")
    func priorities() throws {
        let logging = logging(path, to: STDERR_FILENO)
        for (level, priority) in zip(Logger.Level.allCases, ["7", "7", "6", "5", "4", "3", "2"]) {
            logging.logger.log(level, .daemonReady, "ready")
            #expect(texts(try receiver.receive().fields)["PRIORITY"] == priority)
        }
    }

    @Test("an entry that is too large for a datagram comes as a sealed file, whole")
    func largeEntry() throws {
        let journal = try JournalSocket(path: path)
        let text = String(repeating: "0123456789\n", count: 2 << 20)
        let line = LogLine(wallNanoseconds: 0, level: .info, event: "x", message: text, fields: [])
        #expect(journal.send(JournalFormatter().format(line)) == 0)
        let (fields, isFile) = try receiver.receive()
        #expect(isFile)
        #expect(fields.first?.name == "MESSAGE" && fields.first?.value.count == text.utf8.count)
    }

    @Test("without a journal, lines go to standard error as JSON, and to the journal again once it is there")
    func fallback() throws {
        let output = directory.file("stderr")
        let descriptor = open(output, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        let late = directory.file("late")
        let logging = logging(late, to: descriptor)
        logging.logger.log(.info, .daemonReady, "ready", [.subscriptions: 3])
        logging.stream.flush(seconds: 10)
        let text = try String(contentsOfFile: output, encoding: .utf8)
        #expect(text.hasSuffix("\"event\":\"daemon.ready\",\"message\":\"ready\",\"subscriptions\":3}\n"))
        let receiver = try JournalReceiver(path: late)
        logging.logger.log(.info, .daemonStopping, "stopping")
        #expect(texts(try receiver.receive().fields)["HAWSER_EVENT"] == "daemon.stopping")
        logging.stream.flush(seconds: 10)
        #expect(try String(contentsOfFile: output, encoding: .utf8) == text)
    }

    @Test("standard error is the journal's only if systemd names that very file")
    func standardError() throws {
        let descriptor = open(directory.file("x"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        defer { close(descriptor) }
        var status = stat()
        try #require(fstat(descriptor, &status) == 0)
        let named = "\(status.st_dev):\(status.st_ino)"
        for (value, isJournal) in [
            (named, true), ("\(status.st_dev):\(status.st_ino + 1)", false), ("", false), ("x:y", false),
            ("\(named):1", false), ("99999999999999999999999:1", false),
        ] {
            #expect(
                JournalSocket.isStandardError(descriptor, environment: ["JOURNAL_STREAM": value]) == isJournal,
                "\(value)"
            )
        }
        #expect(!JournalSocket.isStandardError(descriptor, environment: [:]))
        #expect(!JournalSocket.isStandardError(-1, environment: ["JOURNAL_STREAM": named]))
    }

    @Test("each kind of event has an identity of its own, and the catalog explains each")
    func catalog() throws {
        let identities = EventName.allCases.map(\.messageID)
        #expect(Set(identities).count == identities.count)
        #expect(identities.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "systemd/hawser.catalog"), encoding: .utf8)
        let entries = text.split(separator: "\n-- ").dropFirst()
        #expect(entries.map { String($0.prefix(32)) } == identities)
        let known = Set(LogField.allCases.map { "HAWSER_" + $0.rawValue.uppercased() })
        for entry in entries {
            #expect(entry.contains("\nSubject: ") && entry.contains("\nDefined-By: Hawser\n"))
            for field in entry.matches(of: /@([A-Z_]+)@/) { #expect(known.contains(String(field.output.1))) }
        }
    }
}
