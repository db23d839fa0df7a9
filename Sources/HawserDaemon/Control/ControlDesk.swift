/// The control socket of a run: bound before anything is dialled, so that a daemon that finds another one in its place
/// says so at once, and served from when there is something to tell.
struct ControlDesk: Sendable {
    private let socket: ControlSocket
    private let logger: EventLogger

    /// Listens where `status` says; nil if there is to be no socket, or if the default place cannot be used, which is
    /// logged: the feeds matter more, and nobody has asked for it.
    ///
    /// - Throws: why it cannot listen where the configuration wants it to.
    init?(_ status: StatusConfiguration, logger: EventLogger) throws(ControlSocket.Failure) {
        guard let path = status.socket else { return nil }
        self.logger = logger
        do {
            socket = try ControlSocket(path: path)
        } catch {
            guard status.isDefaultSocket else { throw error }
            logger.log(
                .error,
                .controlUnavailable,
                "no control socket: \(error.problem)",
                [.path: path, .error: error.problem, .remedy: error.remedy]
            )
            return nil
        }
        logger.log(.info, .controlListening, "listening for commands", [.path: path])
    }

    /// Serves it; nil if the process has no descriptor or thread left for that, which is logged.
    func serve(_ taker: StatusTaker) -> ControlServer? {
        let service = ControlService(taker: taker, logger: logger)
        do throws(SystemError) {
            return try ControlServer(
                socket,
                onRefusal: { [logger] count in
                    logger.log(.warning, .controlRefused, "too many clients at once", [.suppressed: count])
                },
                respond: { await service.answer($0, from: $1) }
            )
        } catch {
            let text = SystemError.text(error.errno)
            logger.log(.error, .controlUnavailable, "no control socket: \(text)", [.path: socket.path, .error: text])
            socket.removeFile()
            return nil
        }
    }
}
