import Transport

/// Reads a section `tls`: whom to trust, and what to present.
struct TLSReader {
    let mapping: MappingReader

    /// The options of `mapping` over those of `base`.
    func read(over base: TLSOptions) -> TLSOptions {
        var options = base
        mapping.check(known: ["ca", "cert", "key", "verify", "minimum"])
        if let value = mapping.value("ca") {
            if value.isWord("system") {
                value.reading.recordOrigin(of: value.path, line: value.position.line)
                options.certificateAuthority = .system
            } else if let path = PathReader(value: value).read(expected: "system, or the path of a PEM file,") {
                options.certificateAuthority = .file(path)
            }
        }
        if let value = mapping.value("cert") { options.clientCertificate = optionalPath(value) }
        if let value = mapping.value("key") { options.clientKey = optionalPath(value) }
        if let value = mapping.value("verify"), let verify = value.boolean() {
            options.verify = verify
            if !verify {
                value.report(
                    .warning,
                    problem: "certificates are not verified: anyone on the way can read and change everything",
                    seen: "false",
                    remedy: "name the server's authority with \"ca\" instead"
                )
            }
        }
        if let version = mapping.value("minimum")?.choice(TLSOptions.Version.self) { options.minimumVersion = version }
        if options.clientKey != nil, options.clientCertificate == nil,
            let value = mapping.value("key") ?? mapping.value("cert")
        {
            value.report(
                problem: "a key without a certificate",
                remedy: "name the certificate's file with \"cert\""
            )
        }
        return options
    }

    private func optionalPath(_ value: ConfigurationValue) -> String? {
        if value.isWord("none") {
            value.reading.recordOrigin(of: value.path, line: value.position.line)
            return nil
        }
        return PathReader(value: value).read(expected: "none, or the path of a PEM file,")
    }
}
