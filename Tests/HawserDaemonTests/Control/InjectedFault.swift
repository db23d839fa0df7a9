import ConnectionLifecycle
import NameResolution
import TestSupport
import Testing

@testable import HawserDaemon

/// A fault that is injected into a feed `a`, and what `hawser why` has to say of it.
struct InjectedFault: Sendable, CustomTestStringConvertible {
    /// The servers that make the fault, kept while it is looked at.
    typealias Servers = [any Sendable]

    let name: String
    /// Where the feed has to be when it is asked about.
    let phase: String
    let blame: Blame
    /// What the answer has to say.
    let texts: [String]
    /// The stages that the newest dial has timings of.
    let stages: [String]
    /// Makes the servers and the configuration, in which `DIR` stands for the test's directory.
    let inject: @Sendable (TemporaryDirectory) throws -> (Servers, String)
    /// What is done once the feeds are held.
    var act: (@Sendable (DaemonRunner) async throws -> Void)?
    var lookup: NameResolver.Source?

    var testDescription: String { name }

    /// Never again within a test.
    static let reconnect = "reconnect: {first: 60s, floor: 60s, max: 60s, jitter: none}"

    /// A fault of the one feed `a`, at `url`, with more settings.
    private static func feed(_ url: String, _ more: String = "") -> String {
        "subscriptions: {a: {url: \"\(url)\", \(reconnect)\(more.isEmpty ? "" : ", " + more)}}\n"
    }

    /// A fault that a server at the other end makes.
    private static func serving(
        _ name: String,
        _ behaviour: FaultBehaviour,
        settings more: String = "",
        phase: String = "backing_off",
        _ blame: Blame,
        _ texts: [String],
        stages: [String] = ["tcp", "upgrade"],
        act: (@Sendable (DaemonRunner) async throws -> Void)? = nil
    ) -> InjectedFault {
        InjectedFault(
            name: name,
            phase: phase,
            blame: blame,
            texts: texts,
            stages: stages,
            inject: { _ in
                let server = try FaultServer(behaviour)
                return ([server], feed(server.url(), more))
            },
            act: act
        )
    }

    /// A fault of a server's certificate.
    private static func certificate(
        _ name: String,
        _ blame: Blame,
        _ texts: [String],
        issue: @escaping @Sendable (CertificateAuthority) throws -> IssuedCertificate,
        isTrusted: Bool = true
    ) -> InjectedFault {
        InjectedFault(name: name, phase: "backing_off", blame: blame, texts: texts, stages: ["tcp"]) { directory in
            let authority = try CertificateAuthority()
            let server = try TLSServer(identity: try issue(authority)) { _ in }
            let trusted = isTrusted ? authority : try CertificateAuthority(name: "Somebody Else")
            let path = try directory.write(trusted.certificate, to: "ca.pem")
            return ([server], feed("wss://127.0.0.1:\(server.port)/", "tls: {ca: \(path)}"))
        }
    }

    static let dials: [InjectedFault] = [
        InjectedFault(
            name: "refused",
            phase: "backing_off",
            blame: .peer,
            texts: ["Connection refused"],
            stages: [],
            inject: { _ in
                let port = try DeadPort()
                return ([port], feed(port.url()))
            }
        ),
        InjectedFault(
            name: "the name does not exist",
            phase: "backing_off",
            blame: .configuration,
            texts: ["no address", "feed.invalid"],
            stages: [],
            inject: { _ in ([], feed("ws://feed.invalid/")) },
            lookup: { .failure(NameResolutionError(host: $0, kind: .notFound, detail: "Name or service not known")) }
        ),
        InjectedFault(
            name: "no name server answers",
            phase: "backing_off",
            blame: .network,
            texts: ["could not be looked up now"],
            stages: [],
            inject: { _ in ([], feed("ws://feed.invalid/")) },
            lookup: { .failure(NameResolutionError(host: $0, kind: .temporary, detail: "Try again")) }
        ),
        InjectedFault(
            name: "name resolution stalls",
            phase: "backing_off",
            blame: .network,
            texts: ["no answer from name resolution within 200ms"],
            stages: [],
            inject: { _ in ([], feed("ws://feed.invalid/", "timeouts: {dns: 200ms}")) },
            lookup: { host in
                sleepBlocking(.seconds(2))
                return .failure(NameResolutionError(host: host, kind: .temporary, detail: "late"))
            }
        ),
        InjectedFault(
            name: "TCP stalls",
            phase: "backing_off",
            blame: .network,
            texts: ["no connection within 300ms"],
            stages: ["dns"],
            inject: { _ in
                let hole = try FullListener()
                return ([hole], feed("ws://127.0.0.1:\(hole.port)/", "timeouts: {tcp: 300ms}"))
            }
        ),
        InjectedFault(
            name: "the TLS handshake stalls",
            phase: "backing_off",
            blame: .peer,
            texts: ["no end of the TLS handshake within 300ms"],
            stages: ["tcp"],
            inject: { _ in
                let server = try FaultServer(.silentAfterAccept)
                return ([server], feed("wss://127.0.0.1:\(server.port)/", "timeouts: {tls: 300ms}"))
            }
        ),
        certificate("the certificate is over", .peer, ["expired"]) {
            try $0.issue(addresses: ["127.0.0.1"], validity: .expired)
        },
        certificate("the certificate is for another name", .peer, ["127.0.0.1"]) {
            try $0.issue(names: ["other.example"])
        },
        certificate(
            "nobody knows the authority",
            .configuration,
            ["not trusted here"],
            issue: { try $0.issue(addresses: ["127.0.0.1"]) },
            isTrusted: false
        ),
        serving(
            "the opening handshake stalls",
            .silentAfterAccept,
            settings: "timeouts: {upgrade: 300ms}",
            .peer,
            ["no answer to the opening handshake within 300ms"],
            stages: ["tcp"]
        ),
        serving("401", .rejects(401), .configuration, ["401", "credentials"], stages: ["tcp"]),
        serving("404", .rejects(404), .configuration, ["404", "path"], stages: ["tcp"]),
        serving(
            "429 with Retry-After",
            .rejects(429, fields: [("Retry-After", "120")]),
            .us,
            ["429", "less often"],
            stages: ["tcp"]
        ),
        serving("503", .rejects(503), .peer, ["503"], stages: ["tcp"]),
    ]

    static let sessions: [InjectedFault] = [
        serving("closed with 1012", .closeCode(1012, "restart"), .peer, ["closed the session with 1012: restart"]),
        serving("closed with 1008", .closeCode(1008, "no"), .peer, ["1008: no", "credentials"]),
        serving("vanished", .numbered(1, then: .drop), .network, ["without a Close frame"]),
        serving("reset", .resets(after: 1), .network, ["reset"]),
        serving(
            "no pong",
            .silentAfterUpgrade,
            settings: "ping: {every: 200ms, timeout: 300ms}, timeouts: {close: 100ms}",
            .network,
            ["no pong within 300ms"]
        ),
        serving("a masked frame", .maskedFrame, .peer, ["mask", "RFC 6455"]),
        serving("too big", .message(ofBytes: 2_000), .configuration, ["limits.message_size"]),
        serving("no UTF-8", .badUTF8, .peer, ["UTF-8"]),
        serving(
            "paused by an operator",
            .echo,
            phase: "paused",
            .operator,
            ["paused by alice", "hawser resume a"],
            act: { runner in
                try await eventually("open") { !runner.lines(.subscriptionOpened).isEmpty }
                _ = try await runner.ask(.pause(["a"]), by: "alice")
            }
        ),
        InjectedFault(
            name: "waiting for a place",
            phase: "waiting",
            blame: .configuration,
            texts: ["behind 1", "1 may be open at once", "limits.connections"],
            stages: [],
            inject: { _ in
                let server = try FaultServer(.echo)
                let url = server.url()
                return (
                    [server],
                    """
                    limits: {connections: 1, dials: \(FreeDials.yaml(1))}
                    subscriptions:
                      first: {url: "\(url)"}
                      second: {url: "\(url)"}
                      a: {url: "\(url)"}

                    """
                )
            }
        ),
        InjectedFault(
            name: "waiting at the gate",
            phase: "waiting_to_dial",
            blame: .configuration,
            texts: ["held by the dial gate", "at most 1/10m", "limits.dials.per_host"],
            stages: [],
            inject: { _ in
                let server = try FaultServer(.echo)
                return (
                    [server],
                    """
                    limits: {dials: {per_host: 1/10m}}
                    subscriptions:
                      first: {url: "\(server.url())"}
                      a: {url: "\(server.url())"}

                    """
                )
            }
        ),
    ]
}
