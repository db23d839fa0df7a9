import Glibc

/// Where the control socket is, as far as a program beside the daemon can know.
enum ControlPath {
    /// Its name in the directory that the environment gives.
    static let fileName = "hawser.sock"
    /// The variables that name the directory, in this order.
    static let variables = ["RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"]
    /// Where it is in the service of that name.
    static let serviceSocket = "/run/hawser/hawser.sock"

    /// Why there is no path.
    struct Unknown: Error {
        /// What is missing, for a person.
        var problem: String
        /// What to do.
        var remedy: String
    }

    /// The path of the daemon whose configuration is at `configuration`: what that file says, else what a daemon would
    /// take that is started as this program is, else the service's.
    ///
    /// - Parameter isNamed: whether somebody asked for that file. If not, it may be missing or closed to us.
    static func path(configuration: String, isNamed: Bool, environment: [String: String]) throws(Unknown) -> String {
        if let status = try status(configuration, isNamed: isNamed, environment), !status.isDefaultSocket {
            if let socket = status.socket { return socket }
            throw Unknown(
                problem: "\(configuration) says status: {socket: none}, so its daemon has no control socket",
                remedy: "give it one, or name another daemon's with --socket PATH"
            )
        }
        if let directory = environment["RUNTIME_DIRECTORY"]?.split(separator: ":").first {
            return "\(directory)/\(fileName)"
        }
        let own = environment["XDG_RUNTIME_DIR"].map { "\($0)/\(fileName)" }
        if let own, access(own, F_OK) == 0 { return own }
        // Also where we may not look into its directory: that is said when we try.
        if access(serviceSocket, F_OK) == 0 || errno == EACCES { return serviceSocket }
        return own ?? serviceSocket
    }

    /// The section of the file alone: what its references yield is no business of ours, and may be closed to us.
    private static func status(
        _ path: String,
        isNamed: Bool,
        _ environment: [String: String]
    ) throws(Unknown) -> StatusConfiguration? {
        let secrets = SecretSources(environment: environment)
        let text: String
        switch secrets.files.read(path, ConfigurationLoader.fileLimit) {
        case .success(let bytes):
            text = String(decoding: bytes, as: UTF8.self)
        case .failure(let error):
            guard isNamed else { return nil }
            throw Unknown(
                problem: "cannot read \(path): \(error.problem)",
                remedy: "name the daemon's socket with --socket PATH"
            )
        }
        let reading = ConfigurationReading(source: SourceText(file: path, text: text), secrets: secrets)
        guard let root = ConfigurationDocument.parse(reading) else { return nil }
        let value = ConfigurationValue(node: root, path: "", reading: reading)
        return StatusReader(reading: reading).read(value.section?.value("status")?.section)
    }
}
