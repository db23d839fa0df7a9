import Foundation
import Testing

@testable import HawserDaemon

/// Secrets are re-read when they are needed, and seen nowhere.
@Suite("Secrets")
struct SecretTests {
    private let fixture = ConfigurationFixture()

    /// Everything that Swift offers to print a value.
    private func renderings<Value>(of value: Value) -> [String] {
        var dumped = ""
        dump(value, to: &dumped)
        return [
            "\(value)", String(describing: value), String(reflecting: value), dumped,
            String(describing: Optional(value)), "\([value])", String(describing: Mirror(reflecting: value)),
            Mirror(reflecting: value).children.map { "\($0)" }.joined(),
        ]
    }

    @Test("A secret prints as [redacted], whatever prints it")
    func secret() throws {
        let secret = Secret("plain-5ecret")
        #expect(secret.revealed == "plain-5ecret")
        #expect("\(secret)" == "[redacted]")
        #expect(String(reflecting: secret) == "[redacted]")
        #expect(String(decoding: try JSONEncoder().encode([secret]), as: UTF8.self) == "[\"[redacted]\"]")
        let template = SecretTemplate(literal: "plain-5ecret")
        #expect(String(decoding: try JSONEncoder().encode([template]), as: UTF8.self) == "[\"[redacted]\"]")
        for text in renderings(of: secret) + renderings(of: template) { #expect(!text.contains("5ecret")) }
    }

    private static let text = """
        limits: {connections: 1}
        subscriptions:
          a:
            url: wss://user:plain-5ecret@h/x?token=plain-5ecret&k=${env:TOKEN}
            headers:
              Authorization: Bearer ${file:/etc/token}
              X-Api-Key: plain-5ecret
            subscribe: ['{"key":"plain-5ecret","more":"${credential:feed-token}"}']
            ping: off
          b: {url: "wss://h/${env:TOKEN}", headers: {X: "plain-5ecret ${env:TOKEN}"}, ping: off}
        sinks: {s: {file: {path: "/var/${env:TOKEN}/x"}}}
        """

    @Test("A configuration and its explanation show no secret, however they are printed")
    func configuration() throws {
        let loaded = try fixture.load(Self.text)
        var texts = renderings(of: loaded.configuration.subscriptions) + renderings(of: loaded.warnings)
        texts += loaded.warnings.flatMap { [$0.rendered(), $0.rendered(color: true), $0.summary] }
        texts.append(loaded.explanation.description)
        texts += renderings(of: loaded.explanation.entries)
        let target = try loaded.configuration.subscriptions[0].dialTarget(using: fixture.loader.secrets)
        texts += ["\(target.headers)", "\(target.subscribe)", "\(target.url)"]
        for text in texts {
            for secret in ConfigurationFixture.secrets { #expect(!text.contains(secret), "\(text)") }
        }
        #expect(loaded.warnings.count == 6)
    }

    @Test("What refers to a secret is resolved for the dial")
    func dialTarget() throws {
        let configuration = try fixture.configuration(Self.text)
        let target = try configuration.subscriptions[0].dialTarget(using: fixture.loader.secrets)
        #expect(target.url.userinfo == "user:plain-5ecret")
        #expect(target.url.target == "/x?token=plain-5ecret&k=tok-5ecret")
        #expect(target.headers.map(\.name) == ["Authorization", "X-Api-Key"])
        #expect(target.headers.map(\.value.revealed) == ["Bearer file-5ecret", "plain-5ecret"])
        #expect(target.subscribe.map(\.revealed) == [#"{"key":"plain-5ecret","more":"cred-5ecret"}"#])
    }

    @Test("A rotated token is used by the next dial, and equal templates stay equal")
    func rotation() throws {
        let configuration = try fixture.configuration(Self.text)
        var later = fixture
        later.files["/etc/token"] = .success(Array("new".utf8))
        let target = try configuration.subscriptions[0].dialTarget(using: later.loader.secrets)
        #expect(target.headers[0].value.revealed == "Bearer new")
        #expect(try later.configuration(Self.text) == configuration)
    }

    @Test("A dial without its secret fails, and says which")
    func failedDial() throws {
        let configuration = try fixture.configuration(Self.text)
        var later = fixture
        later.files["/etc/token"] = .failure(.notFound)
        #expect(throws: DialTargetError.self) {
            try configuration.subscriptions[0].dialTarget(using: later.loader.secrets)
        }
        do {
            _ = try configuration.subscriptions[0].dialTarget(using: later.loader.secrets)
        } catch {
            #expect(
                error.description
                    == "${file:/etc/token}: /etc/token cannot be read: there is no such file; "
                    + "create it, or correct the path"
            )
        }
        later.files["/etc/token"] = .success(Array("a\r\nX: y".utf8))
        do {
            _ = try configuration.subscriptions[0].dialTarget(using: later.loader.secrets)
        } catch {
            #expect(error == .header(name: "Authorization", problem: "the value has a line break in it"))
        }
        later.environment["TOKEN"] = "5ecret space"
        do {
            _ = try configuration.subscriptions[1].dialTarget(using: later.loader.secrets)
        } catch {
            #expect(error.description.hasPrefix("url: path: "))
            #expect(!error.description.contains("5ecret"))
        }
    }

    /// Mistakes in places where secrets are; each must be an error that shows none.
    static let mistakesBesideSecrets = [
        "subscriptions: {a: {url: wss://u:plain-5ecret@h:0/?k=plain-5ecret}}",
        "subscriptions: {a: {url: wss://u:plain/5ecret@h/}}",
        "subscriptions: {a: {url: 'wss://h/?k=plain-5ecret b'}}",
        "subscriptions: {a: {url: 'wss://h/plain?k=plain-5ecret', headers: {X: plain-5ecret, Upgrade: plain-5ecret}}}",
        "subscriptions: {a: {url: [plain-5ecret], headers: plain-5ecret, subscribe: plain-5ecret}}",
        "subscriptions: {a: {url: {x: plain-5ecret}, headers: [plain-5ecret], subscribe: {x: plain-5ecret}}}",
        "subscriptions: {a: {url: wss://h, header: {X: plain-5ecret}}}",
        "subscriptions: {a: {url: wss://h, tokens: plain-5ecret}}",
        "subscriptions: {a: {url: wss://h, zzz: [plain-5ecret, {y: plain-5ecret}]}}",
        "subscriptions: {a: {url: wss://h, headers: {X: [plain-5ecret]}}}",
        "subscriptions: {a: 'wss://u:plain-5ecret@h/'}",
        "subscriptions:\n  a:\n    url: wss://h\n    headers:\n      Authorization: \"Bearer plain-5ecret",
        "subscriptions:\n  a:\n    url: wss://h?token=plain-5ecret\n   headers: {}",
        "subscriptions:\n  a:\n    url: wss://u:plain-5ecret@h: 1",
        "subscriptions:\n  a: {url: wss://h, headers: {X-Token: plain-5ecret, X: ${env:TOKEN}}}",
        "subscriptions:\n  a:\n    url: wss://h\n    subscribe:\n    - |\n      plain-5ecret ${env:NO} plain-5ecret\n",
        "subscriptions:\n  a:\n    url: wss://h\n    subscribe:\n    - >-\n      x\n\n      plain-5ecret ${env:NO}\n",
        "subscriptions:\n  a:\n    url: wss://h\n    headers:\n      X: plain-5ecret\n        plain-5ecret ${env:NO}\n",
        "subscriptions: {a: {url: wss://h, headers: {X: \"\\x70lain-5ecret \\\n  plain-5ecret ${env:NO}\"}}}",
        "subscriptions: {a: {url: wss://h, headers: {X: 'it''s plain-5ecret ${env:NO}'}}}",
        "subscriptions: {a: {url: 'wss://h:${env:TOKEN}/'}}",
        "limits: {connections: '${env:TOKEN}', message_size: '${file:/etc/token}'}",
        "defaults: {ping: {every: '${env:TOKEN}'}, tls: {verify: '${env:TOKEN}'}, decode: '${env:TOKEN}'}",
        "subscriptions: {a: {url: wss://h, sinks: ['${env:TOKEN}'], subprotocols: ['${env:TOKEN} ']}}",
        "state: '~${env:TOKEN}'\nlog: {level: '${env:TOKEN}'}",
        "password: plain-5ecret\n",
        "zzz: plain-5ecret\n",
    ]

    @Test("A mistake beside a secret is told without it", arguments: SecretTests.mistakesBesideSecrets)
    func mistakes(_ text: String) throws {
        let issues = fixture.issues(text)
        #expect(issues.contains { $0.severity == .error })
        for issue in issues {
            for rendering in renderings(of: issue) + [issue.rendered(), issue.rendered(color: true), issue.summary] {
                #expect(!rendering.contains("5ecret"), "\(rendering)")
            }
        }
    }

    @Test(
        "Only one line break at the end of a file is not part of the value",
        arguments: [
            ("a", "a"), ("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), ("\n", ""), ("", ""), (" a \n", " a "),
        ]
    )
    func trimming(_ content: String, _ value: String) throws {
        var fixture = fixture
        fixture.files["/f"] = .success(Array(content.utf8))
        let template = try SecretTemplate(parsing: "${file:/f}")
        #expect(try template.resolve(using: fixture.loader.secrets).revealed == value)
    }

    @Test(
        "Dollar signs",
        arguments: [
            ("$", "$"), ("$$", "$"), ("$$$$", "$$"), ("$x", "$x"), ("$${env:PORT}", "${env:PORT}"),
            ("$$${env:PORT}", "$9001"), ("${env:PORT}${env:PORT}", "90019001"), ("a${env:PORT}b", "a9001b"),
            ("}{", "}{"), ("", ""), ("$ {env:PORT}", "$ {env:PORT}"),
        ]
    )
    func dollars(_ source: String, _ value: String) throws {
        let template = try SecretTemplate(parsing: source)
        #expect(try template.resolve(using: fixture.loader.secrets).revealed == value)
    }

    @Test("What a reference yields is not searched for references")
    func notRecursive() throws {
        var fixture = fixture
        fixture.environment["A"] = "${env:TOKEN}$$"
        let template = try SecretTemplate(parsing: "${env:A}")
        #expect(try template.resolve(using: fixture.loader.secrets).revealed == "${env:TOKEN}$$")
    }

    @Test("At most sixteen references in one text")
    func manyReferences() throws {
        let one = "${env:PORT}"
        #expect(try SecretTemplate(parsing: String(repeating: one, count: 16)).references.count == 16)
        #expect(throws: SecretTemplateError.self) { try SecretTemplate(parsing: String(repeating: one, count: 17)) }
    }
}
