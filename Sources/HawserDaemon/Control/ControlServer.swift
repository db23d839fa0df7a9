import Glibc
import Locking
import HawserWebSocket
import MonotonicTime

/// Serves the control socket: a thread of its own around poll(2), so that nothing a client does or leaves undone can
/// delay a frame. libwebsockets' server roles would do the same work on an event loop, where frames are read; a second
/// context of it for a few local clients would cost more than the hundred lines here.
///
/// Everything is bounded (`ControlLimits`): clients, the bytes of a request, of all answers that wait, and the time for
/// each step. A client that exceeds a bound is told so, as far as it reads, and let go.
final class ControlServer: Sendable {
    /// Does a request: the members of its result. Called in a task of its own; at most as many at once as clients.
    typealias Respond = @Sendable (ControlRequest, ControlPeer) async -> Result<[UInt8], ControlError>

    private struct State {
        var answers: [(serial: UInt64, Result<[UInt8], ControlError>)] = []
        var isStopping = false
    }

    private let socket: ControlSocket
    private let limits: ControlLimits
    private let respond: Respond
    private let onRefusal: @Sendable (Int) -> Void
    private let wake: WakePipe
    private let state = OrderedMutex(State())
    private let ended = OneShot<Void>()
    private let clock = SinkClock.system

    /// Serves `socket` from now on.
    ///
    /// - Parameter onRefusal: called with the number of clients that were refused since it was called last, at most
    ///   once a minute; on the server's thread.
    init(
        _ socket: ControlSocket,
        limits: ControlLimits = ControlLimits(),
        onRefusal: @escaping @Sendable (Int) -> Void,
        respond: @escaping Respond
    ) throws(SystemError) {
        self.socket = socket
        self.limits = limits
        self.respond = respond
        self.onRefusal = onRefusal
        wake = try WakePipe()
        try SinkThread(name: "hawser-control") { self.run() }.detach()
    }

    /// Lets every client go, removes the socket's file, and returns when that is done.
    func stop() async {
        state.withLock { $0.isStopping = true }
        wake.signal()
        await ended.value
    }

    // MARK: The thread

    /// What the thread alone knows.
    private struct Desk {
        var clients: [ControlClient] = []
        var serial: UInt64 = 0
        /// Requests whose task has not come back.
        var running: Set<UInt64> = []
        var refusals = 0
        var refusalsSaid = Instant(nanoseconds: .min)
        /// When connections are accepted again, after descriptors ran out.
        var acceptAgain: Instant?
    }

    private static let refusalInterval = Duration.seconds(60)
    private static let acceptPause = Duration.seconds(1)

    private func run() {
        var desk = Desk()
        while true {
            let (answers, isStopping) = state.withLock { state in
                defer { state.answers = [] }
                return (state.answers, state.isStopping)
            }
            for answer in answers { deliver(answer.serial, answer.1, &desk) }
            if isStopping { break }
            expire(&desk)
            tellRefusals(&desk)
            poll(&desk)
        }
        desk.clients = []
        socket.removeFile()
        ended.resolve(())
    }

    private func poll(_ desk: inout Desk) {
        let now = clock.now()
        if desk.acceptAgain.map({ $0 <= now }) ?? false { desk.acceptAgain = nil }
        let isAccepting = desk.acceptAgain == nil
        var watched = [
            pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isAccepting ? socket.descriptor : -1, events: Int16(POLLIN), revents: 0),
        ]
        watched += desk.clients.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
        let next = (desk.clients.map(\.deadline) + [desk.acceptAgain].compactMap { $0 }).min()
        // Up to the next millisecond: what is early is asked again.
        let left = next.map { max((now.duration(to: $0) + .microseconds(999)).milliseconds, 0) }
        guard Glibc.poll(&watched, nfds_t(watched.count), left.map { Int32(min($0, 60_000)) } ?? -1) > 0 else { return }
        wake.clear()
        let ready = zip(desk.clients, watched.dropFirst(2)).filter { $1.revents != 0 }
        for (client, event) in ready { serve(client, event.revents, &desk) }
        if watched[1].revents != 0 { accept(&desk) }
    }

    private func serve(_ client: ControlClient, _ events: Int16, _ desk: inout Desk) {
        if events & Int16(POLLIN) != 0 { return read(client, &desk) }
        if events & Int16(POLLOUT) != 0, client.flush() { return proceed(client, &desk) }
        // It has gone, whether it was answered or not.
        remove(client, &desk)
    }

    /// Reads one request, if it is whole.
    private func read(_ client: ControlClient, _ desk: inout Desk) {
        switch client.read(limit: limits.requestBytes) {
        case .line(let line): begin(line, client, &desk)
        case .incomplete: break
        case .tooLong:
            client.isLast = true
            let text = "a request may have \(limits.requestBytes) bytes"
            send(ControlAnswer.line(error: ControlError(.tooLong, text)), to: client, &desk)
        case .ended: remove(client, &desk)
        }
    }

    private func begin(_ line: [UInt8], _ client: ControlClient, _ desk: inout Desk) {
        let (request, problem) = ControlRequest.parse(line, limits: limits)
        let isBusy = desk.running.count >= limits.clients
        let busy = isBusy ? ControlError(.busy, "too many requests are being done: try again") : nil
        if let error = problem ?? busy {
            // The last answer: whoever sends what cannot be understood is not read any further.
            client.isLast = true
            return send(ControlAnswer.line(request.identifier, error: error), to: client, &desk)
        }
        desk.serial += 1
        let serial = desk.serial
        desk.running.insert(serial)
        client.pending = (serial, request.identifier)
        client.deadline = clock.now() + (request.isReload ? limits.reloading : limits.answering)
        let peer = client.peer
        Task { [self] in
            let result = await respond(request, peer)
            state.withLock { $0.answers.append((serial, result)) }
            wake.signal()
        }
    }

    /// Hands an answer over; one that comes too late, or for a client that has gone, is dropped.
    private func deliver(_ serial: UInt64, _ result: Result<[UInt8], ControlError>, _ desk: inout Desk) {
        desk.running.remove(serial)
        guard let client = desk.clients.first(where: { $0.pending?.serial == serial }) else { return }
        finish(client, result, &desk)
    }

    private func finish(_ client: ControlClient, _ result: Result<[UInt8], ControlError>, _ desk: inout Desk) {
        let identifier = client.pending?.identifier ?? ControlRequest().identifier
        client.pending = nil
        switch result {
        case .success(let members):
            let waiting = desk.clients.reduce(0) { $0 + $1.waitingBytes }
            // One answer is never too much: there are as many subscriptions as were configured.
            guard waiting == 0 || waiting + members.count <= limits.waitingBytes else {
                let error = ControlError(.busy, "too many answers wait to be read: try again")
                return send(ControlAnswer.line(identifier, error: error), to: client, &desk)
            }
            send(ControlAnswer.line(identifier, result: members), to: client, &desk)
        case .failure(let error):
            send(ControlAnswer.line(identifier, error: error), to: client, &desk)
        }
    }

    private func send(_ line: [UInt8], to client: ControlClient, _ desk: inout Desk) {
        guard client.send(line) else { return remove(client, &desk) }
        client.deadline = clock.now() + limits.patience
        proceed(client, &desk)
    }

    /// What follows once an answer is read to its end.
    private func proceed(_ client: ControlClient, _ desk: inout Desk) {
        guard client.waitingBytes == 0, client.pending == nil else { return }
        if client.isLast { return remove(client, &desk) }
        client.deadline = clock.now() + limits.patience
        read(client, &desk)
    }

    // MARK: Coming and going

    private func accept(_ desk: inout Desk) {
        while true {
            let descriptor = Glibc.accept(socket.descriptor, nil, nil)
            guard descriptor >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                if errno != EAGAIN { desk.acceptAgain = clock.now() + Self.acceptPause }
                return
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            let client = ControlClient(descriptor: descriptor, deadline: clock.now() + limits.patience)
            guard desk.clients.count < limits.clients else {
                desk.refusals += 1
                let text = "\(limits.clients) clients are connected already: try again"
                _ = client.send(ControlAnswer.line(error: ControlError(.tooManyClients, text)))
                continue
            }
            desk.clients.append(client)
        }
    }

    private func remove(_ client: ControlClient, _ desk: inout Desk) {
        desk.clients.removeAll { $0 === client }
    }

    private func expire(_ desk: inout Desk) {
        let now = clock.now()
        for client in desk.clients where client.deadline <= now {
            if client.pending != nil {
                let error = ControlError(.timedOut, "not answered in time: a loop is stuck, or a disk")
                finish(client, .failure(error), &desk)
            } else {
                remove(client, &desk)
            }
        }
    }

    private func tellRefusals(_ desk: inout Desk) {
        let now = clock.now()
        guard desk.refusals > 0, desk.refusalsSaid.duration(to: now) >= Self.refusalInterval else { return }
        desk.refusalsSaid = now
        onRefusal(desk.refusals)
        desk.refusals = 0
    }
}
