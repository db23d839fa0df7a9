/// Reads the section `status`.
struct StatusReader {
    /// What `sockaddr_un` holds, without its terminator (unix(7)).
    static let longestSocketPath = 107

    let reading: ConfigurationReading

    /// The section, or what the environment says if it is not there.
    func read(_ section: MappingReader?) -> StatusConfiguration {
        var status = StatusConfiguration()
        section?.check(known: ["socket"], later: ["listen"])
        let value = section?.value("socket")
        guard let value, !value.isWord("default") else {
            if let value { reading.recordOrigin(of: value.path, line: value.position.line) }
            status.socket = defaultSocket(isSaid: value != nil)
            return status
        }
        status.isDefaultSocket = false
        if value.isWord("none") {
            reading.recordOrigin(of: value.path, line: value.position.line)
        } else if let path = PathReader(value: value).read(expected: "default, none or a path"), check(path, value) {
            status.socket = path
        }
        return status
    }

    /// Where systemd has a directory for it, else where the user has one; nil if neither.
    ///
    /// - Parameter isSaid: whether the file says `default`, whose place in it is the better origin.
    private func defaultSocket(isSaid: Bool) -> String? {
        let environment = reading.secrets.environment
        for name in ControlPath.variables {
            // systemd separates several directories by colons; the first is the main one.
            guard let directory = environment[name]?.split(separator: ":").first, directory.hasPrefix("/") else {
                continue
            }
            if !isSaid { reading.recordOrigin(of: "status.socket", variable: name) }
            return "\(directory)/\(ControlPath.fileName)"
        }
        return nil
    }

    private func check(_ path: String, _ value: ConfigurationValue) -> Bool {
        if path.utf8.count > Self.longestSocketPath {
            value.report(
                problem: "the path is \(path.utf8.count) bytes long",
                allowed: "at most \(Self.longestSocketPath) for a Unix socket"
            )
            return false
        }
        if path.hasSuffix("/") {
            value.report(
                problem: "the path names a directory",
                remedy: "name a file in it, such as \(ControlPath.fileName)"
            )
            return false
        }
        return true
    }
}
