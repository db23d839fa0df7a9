import HawserHTTP
import Transport

/// The section `http`: what the shared client of all requests does.
public struct HTTPSettings: Sendable, Equatable {
    /// The way to the servers.
    public enum Proxy: Sendable, Hashable {
        /// Direct, whatever the environment says.
        case none
        /// What `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` say.
        case environment
        /// This one, references unresolved.
        case server(SecretTemplate)
    }

    /// What each request does unless it says otherwise.
    public var call = CallSettings()
    /// How many connections there may be.
    public var pool = ConfigurationDefaults.pool
    /// How long the addresses of a name are kept, for requests and subscriptions alike.
    public var dnsTTL = ConfigurationDefaults.dnsTTL
    /// The way to the servers.
    public var proxy = Proxy.none
    /// What is insisted on, and presented, under TLS.
    public var tls = ConfigurationDefaults.tls
    /// Fields of each request, in the order of the file.
    public var headers: [HeaderTemplate] = []

    /// The defaults.
    public init() {}
}

/// What stands under `http` and under each request.
public struct CallSettings: Sendable, Hashable {
    /// How long each stage may take.
    public var timeouts = ConfigurationDefaults.callTimeouts
    /// When a request is tried again.
    public var retry = ConfigurationDefaults.retry
    /// Redirects that are followed at most; 0: none.
    public var redirects = ConfigurationDefaults.callRedirects

    /// The defaults.
    public init() {}

    /// The same for the client.
    var redirectPolicy: RedirectPolicy {
        redirects == 0 ? .none : .follow(limit: redirects)
    }
}

extension HTTPSettings {
    /// What a client for these settings does, with every reference but those of the headers read now: they are read anew
    /// for each request.
    ///
    /// - Parameters:
    ///   - responseLimit: the largest content of an answer, in bytes.
    /// - Throws: the reference that yields nothing, or what a value makes impossible.
    func client(using sources: SecretSources, responseLimit: Int) throws(CallError) -> HTTPConfiguration {
        var client = HTTPConfiguration()
        client.timeouts = call.timeouts
        client.retry = call.retry
        client.redirects = call.redirectPolicy
        client.pool = pool
        client.headers = ["User-Agent": HawserVersion.userAgent, "Accept": "*/*"]
        client.responseLimit = responseLimit
        switch proxy {
        case .none: client.proxy = .direct
        case .environment: client.proxy = .environment(ProxyEnvironment(sources.environment))
        case .server(let template):
            let text = try CallError.resolve(template, using: sources).revealed
            do { client.proxy = .server(try HTTPProxy.Server(text)) } catch { throw .url("proxy", error) }
        }
        if case .file(let path) = tls.certificateAuthority { client.tls.certificateAuthority = path }
        client.tls.clientCertificate = tls.clientCertificate
        client.tls.clientKey = tls.clientKey
        client.tls.verify = tls.verify
        client.tls.minimumVersion = tls.minimumVersion == .v1_3 ? .v1_3 : .v1_2
        return client
    }
}
