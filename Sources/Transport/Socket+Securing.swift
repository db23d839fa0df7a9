import CLibwebsockets

extension Socket {
    /// Begins TLS on the connected socket; the establishment hears of the outcome.
    func secure(_ context: TLSContext, serverName: String) {
        let tls = TLSConnection(
            context,
            serverName: serverName,
            remoteAddress: remoteAddress,
            descriptor,
            loop.sockets.tlsReadBuffers
        )
        guard let tls else {
            return fail(.tls(TLSFailure(kind: .resources, message: "no memory for a TLS connection")))
        }
        self.tls = tls
        state = .securing
        handshake()
    }

    /// Takes the handshake as far as it goes without waiting.
    func handshake() {
        guard let tls else { return }
        let status = tls.handshake()
        guard status != 1 else {
            readSoon()
            establishment?.attemptSecured(self)
            return
        }
        switch tls.outcome(of: status) {
        case .wantsRead: break
        case .wantsWrite: wantWritable()
        case .ended(let reason):
            if case .eof = reason { fail(.tls(TLSFailure(endedDuringHandshakeOf: tls))) } else { fail(reason) }
        }
    }

    /// The connection stands: from now on `handler` hears of it.
    func open(with handler: any SocketHandler) {
        establishment = nil
        state = .open
        self.handler = handler
    }
}
