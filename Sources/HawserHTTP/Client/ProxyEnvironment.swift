/// What the environment says of proxies, as curl and Python read it: `http_proxy` (only in lower case), `https_proxy`,
/// `all_proxy` and `no_proxy` (in either).
public struct ProxyEnvironment: Sendable, Hashable {
    private let variables: [String: String]

    /// What `variables` say, as in `ProcessInfo.processInfo.environment`; others than those above do not matter.
    public init(_ variables: [String: String]) {
        self.variables = variables
    }

    /// The proxy for `url`; nil for none, or for one that cannot be read.
    func proxy(for url: HTTPURL) -> HTTPProxy.Server? {
        guard !isExcepted(url) else { return nil }
        let names = (url.isSecure ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy"]) + ["all_proxy", "ALL_PROXY"]
        guard let value = names.lazy.compactMap({ variables[$0] }).first(where: { !$0.isEmpty }) else { return nil }
        return try? HTTPProxy.Server(value.contains("://") ? value : "http://\(value)")
    }

    private func isExcepted(_ url: HTTPURL) -> Bool {
        let list = variables["no_proxy"] ?? variables["NO_PROXY"] ?? ""
        return list.split { $0 == "," || $0 == " " }.contains { entry in
            var name = entry.lowercased()
            if name == "*" { return true }
            if let colon = name.lastIndex(of: ":"), let port = UInt16(name[name.index(after: colon)...]),
                !name[..<colon].contains(":")
            {
                guard port == url.port else { return false }
                name = String(name[..<colon])
            }
            while name.hasPrefix(".") { name.removeFirst() }
            return url.host == name || url.host.hasSuffix(".\(name)")
        }
    }
}
