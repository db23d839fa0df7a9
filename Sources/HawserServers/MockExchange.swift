import CLibwebsockets
import Glibc
import MonotonicTime
import WebSocketProtocol

/// A request of a ``MockConnection`` and what becomes of it.
struct MockExchange {
    let head: HTTPRequestHead
    var answer: MockAnswer
    var keepsAlive: Bool
    /// The content, where it is wanted, and how much has come.
    var content: [UInt8] = []
    var contentCount = 0
    /// When the answer, or its next part, is due.
    var due: Instant?

    init(_ head: HTTPRequestHead, _ answer: MockAnswer) {
        self.head = head
        self.answer = answer
        keepsAlive = head.keepsAlive
    }

    /// What the answer's Connection field has to say; HTTP/1.0 wants to be told of both.
    var connection: String? {
        keepsAlive ? (head.minorVersion == 0 ? "keep-alive" : nil) : "close"
    }

    /// The request as JSON.
    var echo: [UInt8] {
        var output = Array("{\"method\":\(JSONQuoting.quoted(head.method))".utf8)
        output += ",\"path\":\(JSONQuoting.quoted(head.path)),\"query\":\(JSONQuoting.quoted(head.query))".utf8
        output += ",\"fields\":[".utf8
        for (index, field) in head.fields.enumerated() {
            output += "\(index == 0 ? "" : ",")[\(JSONQuoting.quoted(field.name)),".utf8
            output += "\(JSONQuoting.quoted(field.value))]".utf8
        }
        output += "],\"content_length\":\(contentCount)".utf8
        guard case .echo(countsOnly: false) = answer else { return output + "}".utf8 }
        if let text = String(validating: content, as: UTF8.self) {
            output += ",\"content\":".utf8
            JSONQuoting.append(text.utf8, to: &output)
        } else {
            output += ",\"content_base64\":\"\(Base64.encode(content))\"".utf8
        }
        return output + "}".utf8
    }
}

extension MockConnection {
    /// A request's head has come: decides on the answer, which is given behind the content.
    func begin(_ head: HTTPRequestHead) {
        let answer = routes.answer(head, client: clientAddress, now: server.loop.now)
        exchange = MockExchange(head, answer)
        if case .echo(countsOnly: false) = answer, case .length(let count) = head.framing,
            count > routes.limits.echoedContent
        {
            return refuse(contentTooLarge)
        }
        if head.expectsContinue, head.framing != .length(0) { output += "HTTP/1.1 100 Continue\r\n\r\n".utf8 }
    }

    /// Some of the request's content has come.
    func takeContent(_ bytes: UnsafeRawBufferPointer) {
        exchange?.contentCount += bytes.count
        guard case .echo(countsOnly: false) = exchange?.answer else { return }
        guard (exchange?.contentCount ?? 0) <= routes.limits.echoedContent else { return refuse(contentTooLarge) }
        exchange?.content += bytes
    }

    private var contentTooLarge: HTTPRequestFault {
        HTTPRequestFault(413, "the content is larger than \(routes.limits.echoedContent) bytes")
    }

    /// The request is whole: answers it, or begins to.
    func answer() {
        guard let exchange else { return }
        switch exchange.answer {
        case .response(let response): respond(response)
        case .echo:
            respond(ServerResponse(status: 200, contentType: "application/json", content: exchange.echo))
        case .delayed(let response, let duration):
            guard duration > .zero else { return respond(response) }
            phase = .delaying
            self.exchange?.due = server.loop.now + duration
        case .stream(let stream): startStream(stream)
        case .session(let session): startSession(session)
        }
    }

    func respondWithDelayed() {
        if case .delayed(let response, _) = exchange?.answer { respond(response) }
    }

    private func respond(_ response: ServerResponse) {
        guard let exchange else { return }
        response.append(to: &output, withContent: exchange.head.method != "HEAD", connection: exchange.connection)
        finishExchange()
    }

    /// Answers what cannot be answered as asked; the connection ends behind it.
    func refuse(_ fault: HTTPRequestFault) {
        let response = ServerResponse.text(fault.reason, status: fault.status)
        response.append(to: &output, withContent: exchange?.head.method != "HEAD", connection: "close")
        exchange = nil
        phase = .lingering
    }

    // MARK: Streams

    private func startStream(_ stream: MockStream) {
        guard let head = exchange?.head else { return }
        // HTTP/1.0 has no chunks: there the end of the connection is the end of the content.
        if stream.length == nil, head.minorVersion == 0 { exchange?.keepsAlive = false }
        let framing: [ServerResponse.Field] =
            if let length = stream.length {
                [ServerResponse.Field("Content-Length", String(length))]
            } else {
                head.minorVersion > 0 ? [ServerResponse.Field("Transfer-Encoding", "chunked")] : []
            }
        ServerResponse.appendHead(200, stream.contentType, framing, connection: exchange?.connection, to: &output)
        guard head.method != "HEAD" else { return finishExchange() }
        phase = .streaming
        produce()
    }

    /// Writes pieces until the socket is full, the next one is not due, or others should have their turn.
    func produce() {
        for _ in 0..<4 where phase == .streaming && !isBlocked {
            guard let exchange, case .stream(var stream) = exchange.answer else { return }
            self.exchange?.due = nil
            let next = stream.fill(&output, chunked: exchange.head.minorVersion > 0, now: server.loop.now)
            self.exchange?.answer = .stream(stream)
            flush()
            switch next {
            case .more: break
            case .later(let due):
                self.exchange?.due = due
                return
            case .end: return finishExchange()
            }
        }
        if phase == .streaming, !isBlocked, let wsi { lws_callback_on_writable(wsi) }
    }

    // MARK: Sessions

    private func startSession(_ session: any ServerSession) {
        guard let head = exchange?.head else { return }
        do {
            let handshake = try WebSocketHandshake.forwarded(head)
            guard let relay = SessionRelay(for: self, session, handshake: handshake) else {
                return refuse(HTTPRequestFault(503, "there are no descriptors left for another session"))
            }
            self.relay = relay
            exchange = nil
            phase = .relaying
        } catch {
            respond(
                .text(error.reason, status: error.status)
                    .with("Upgrade", "websocket").with("Connection", "Upgrade").with("Sec-WebSocket-Version", "13")
            )
        }
    }

    private var clientAddress: String {
        guard let wsi else { return "" }
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let isFound = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                getpeername(lws_get_socket_fd(wsi), generic, &length) == 0
                    && getnameinfo(generic, length, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) == 0
            }
        }
        return isFound ? String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
    }
}
