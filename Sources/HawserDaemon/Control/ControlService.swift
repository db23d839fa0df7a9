import ConnectionLifecycle
import HawserWebSocket
import Logging

/// Does what is asked for at the control socket. A further request is one more line in `handlers`.
struct ControlService: Sendable {
    /// Does one request: the members of its result.
    typealias Handler = @Sendable (ControlService, ControlRequest, ControlPeer) async throws -> [UInt8]

    /// Every request by its name.
    private static let handlers: [String: Handler] = [
        "status": { service, request, _ in try await service.status(request) },
        "why": { service, request, _ in try await service.why(request) },
        "pause": { try await $0.command(.pause, $1, $2) },
        "resume": { try await $0.command(.resume, $1, $2) },
        "redial": { try await $0.command(.redial, $1, $2) },
        "reload": { service, request, peer in try await service.reload(request, peer) },
        "log-level": { service, request, peer in try service.logLevel(request, peer) },
    ]

    /// Names in one log line.
    private static let namesLogged = 20

    let taker: StatusTaker
    let logger: EventLogger

    /// The answer to `request`.
    func answer(_ request: ControlRequest, from peer: ControlPeer) async -> Result<[UInt8], ControlError> {
        guard let handler = Self.handlers[request.name] else {
            let names = Self.handlers.keys.sorted()
            let guess = Spelling.closest(to: request.name, among: names).map { "did you mean \"\($0)\"?" }
            let text = "no request is called \(Shown.quoted(request.name)): "
            return .failure(
                ControlError(.unknownRequest, text + (guess ?? "there is \(names.joined(separator: ", "))"))
            )
        }
        do {
            return .success(try await handler(self, request, peer))
        } catch {
            return .failure(error as? ControlError ?? ControlError(.unavailable, "\(error)"))
        }
    }

    // MARK: Requests

    /// Everything, or the subscriptions that are named.
    private func status(_ request: ControlRequest) async throws -> [UInt8] {
        var status = await taker.status
        if request.subscriptions != nil {
            let names = Set(try names(request))
            status.subscriptions = status.subscriptions.filter { names.contains($0.name) }
        }
        return status.json
    }

    private func why(_ request: ControlRequest) async throws -> [UInt8] {
        let names = Set(try names(request))
        let limits = await taker.source.configuration().limits
        var members = JSONMembers(capacity: names.count * 2048)
        let answers = await taker.histories { names.contains($0) }
        members.objects("subscriptions", answers) { members, answer in
            WhyAnswer(status: answer.status, transitions: answer.transitions, limits: limits).encode(to: &members)
        }
        return members.encoded()
    }

    private func command(
        _ command: SubscriptionCommand,
        _ request: ControlRequest,
        _ peer: ControlPeer
    ) async throws -> [UInt8] {
        let names = try names(request)
        let wanted = Set(names)
        let requester = Requester(peer: peer, name: request.by)
        log(command.rawValue, names, requester)
        let changes = await taker.source.subscriptions.map(where: { wanted.contains($0) }) { subscription in
            let before = subscription.snapshot.phase
            subscription.perform(command, by: requester)
            return (subscription.name, before, subscription.snapshot.phase)
        }
        await taker.forget()
        var members = JSONMembers()
        members.objects("subscriptions", changes) { members, change in
            members.text("subscription", change.0)
            members.text("before", change.1.rawValue)
            members.text("phase", change.2.rawValue)
        }
        return members.encoded()
    }

    private func reload(_ request: ControlRequest, _ peer: ControlPeer) async throws -> [UInt8] {
        log(request.name, [], Requester(peer: peer, name: request.by))
        let report: ReloadReport
        do throws(ReloadError) { report = try await taker.source.reload() } catch {
            let code: ControlError.Code = error.reason == .stopping ? .stopping : .reloadFailed
            throw ControlError(code, error.problems.joined(separator: "\n"))
        }
        await taker.forget()
        return report.json
    }

    private func logLevel(_ request: ControlRequest, _ peer: ControlPeer) throws -> [UInt8] {
        guard let threshold = taker.source.threshold else {
            throw ControlError(.unavailable, "the log level of this process cannot be changed")
        }
        if let text = request.level {
            let words = LogConfiguration.Level.allCases.map(\.rawValue)
            guard let level = LogConfiguration.Level(rawValue: text)?.swiftLog else {
                let guess = Spelling.closest(to: text, among: words).map { ": did you mean \($0)?" }
                let allowed = ": there is \(words.joined(separator: ", "))"
                throw ControlError(.unknownLevel, "\(Shown.quoted(text)) is no level" + (guess ?? allowed))
            }
            // Said while the more talkative of the two levels holds.
            let isLouder = level < threshold.level
            if isLouder { threshold.level = level }
            log("log-level", [], Requester(peer: peer, name: request.by), level: level)
            threshold.level = level
        }
        var members = JSONMembers()
        members.text("level", threshold.level.rawValue)
        return members.encoded()
    }

    // MARK: Names

    /// The subscriptions that are asked for; of several names and patterns each must stand for one at least.
    private func names(_ request: ControlRequest) throws(ControlError) -> [String] {
        guard let patterns = request.subscriptions, !patterns.isEmpty else {
            throw ControlError(.malformed, "the member \"subscriptions\" is missing: a list of names or patterns")
        }
        let all = taker.source.subscriptions.names
        for pattern in patterns where !all.contains(where: { pattern.matches($0) }) {
            let guess = Spelling.closest(to: pattern.text, among: all).map { ": did you mean \($0)?" }
            let what = pattern.isPattern ? "no subscription is like" : "there is no subscription"
            throw ControlError(.unknownSubscription, "\(what) \(Shown.quoted(pattern.text))" + (guess ?? ""))
        }
        return all.filter { name in patterns.contains { $0.matches(name) } }
    }

    private func log(_ command: String, _ names: [String], _ requester: Requester, level: Logger.Level? = nil) {
        let shown = names.prefix(Self.namesLogged).joined(separator: ", ")
        let rest = names.count > Self.namesLogged ? " and \(names.count - Self.namesLogged) more" : ""
        let what = level.map { "\($0)" } ?? shown + rest
        logger.log(
            .info,
            .controlCommand,
            what.isEmpty ? command : "\(command): \(what)",
            [
                .command: command, .by: requester.name, .peer: requester.peer.description,
                .subscriptions: names.isEmpty ? nil : names.count, .logLevel: level?.rawValue,
            ]
        )
    }
}
