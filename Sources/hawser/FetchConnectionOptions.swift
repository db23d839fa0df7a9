import ArgumentParser
import Foundation
import HawserDaemon
import HawserHTTP

/// The way to the server.
struct FetchConnectionOptions: ParsableArguments {
    @Flag(help: "Speak HTTP/2 at once also without TLS; with TLS it is spoken anyhow where the server does.")
    var http2 = false

    @Flag(help: "Speak HTTP/1.1.")
    var http1 = false

    @Option(help: "A proxy: http://, https:// or socks5://, with user and password if it wants them; 'none' for none.")
    var proxy: String?

    @Option(help: "User and password for basic authentication, user:password.")
    var user: String?

    @Option(name: .customLong("cacert"), help: "Trust the authorities in this PEM file, and no others.")
    var authority: String?

    @Option(name: .customLong("cert"), help: "A PEM file with our certificate.")
    var certificate: String?

    @Option(name: .customLong("key"), help: "A PEM file with the certificate's key.")
    var key: String?

    @Flag(help: "Accept any certificate. Anybody in between can then read and change everything.")
    var insecure = false

    func validate() throws {
        if http1 && http2 { throw ValidationError("of --http1 and --http2 there can be one") }
    }

    /// - Parameter isConfigured: whether what is not said here has been said by a configuration.
    func apply(to configuration: inout HTTPConfiguration, isConfigured: Bool) throws {
        if http1 { configuration.version = .http1 }
        if http2 { configuration.version = .http2PriorKnowledge }
        if !isConfigured {
            configuration.headers = ["User-Agent": HawserVersion.userAgent, "Accept": "*/*"]
            configuration.proxy = .environment(ProxyEnvironment(ProcessInfo.processInfo.environment))
        }
        if let proxy {
            do { configuration.proxy = proxy == "none" ? .direct : .server(try HTTPProxy.Server(proxy)) } catch {
                throw ValidationError("--proxy: \(error)")
            }
        }
        if let user {
            let parts = user.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            configuration.authorization = .basic(user: parts[0], password: parts.count > 1 ? parts[1] : "")
        }
        if let authority { configuration.tls.certificateAuthority = authority }
        if let certificate { configuration.tls.clientCertificate = certificate }
        if let key { configuration.tls.clientKey = key }
        if insecure { configuration.tls.verify = false }
    }
}
