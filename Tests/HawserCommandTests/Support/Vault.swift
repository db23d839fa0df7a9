import Foundation
import TestSupport

/// Secrets in every place where people put them, and a search for them.
struct Vault: Sendable {
    let header = "hdr-5Ej0q2fWmZ"
    let query = "qry-8Ru3n7XkPd"
    let user = "usr-Lx92vB"
    let password = "pwd-Tz61kCwQ"
    let message = "msg-4Hs8yGvNa"
    let variable = "var-9Mb5tJrLe"
    let file = "fil-2Dc7wKxSo"
    let credential = "crd-6Fp1zUhVi"

    /// What Basic authentication makes of userinfo.
    var basic: String { Data("\(user):\(password)".utf8).base64EncodedString() }

    /// Puts the referred ones where references find them.
    func write(to directory: TemporaryDirectory) throws {
        try directory.write(file + "\n", to: "token")
        try directory.write(credential, to: "feed-token")
    }

    func environment(_ directory: TemporaryDirectory) -> [String: String] {
        ["HAWSER_TEST_TOKEN": variable, "CREDENTIALS_DIRECTORY": directory.path]
    }

    /// A subscription whose secrets stand in the configuration.
    func literal(_ name: String, _ place: String, scheme: String = "ws") -> String {
        """
          \(name):
            url: "\(scheme)://\(user):\(password)@\(place)?token=\(query)"
            headers: {X-Api-Key: "\(header)", Cookie: "session=\(header)"}
            subscribe: ['{"op":"auth","token":"\(message)"}']

        """
    }

    /// A subscription that refers to secrets.
    func referring(_ name: String, _ place: String) -> String {
        """
          \(name):
            url: "ws://\(place)?token=${file:DIR/token}"
            headers: {Authorization: "Bearer ${env:HAWSER_TEST_TOKEN}", X-Feed: "${credential:feed-token}"}
            subscribe: ["${credential:feed-token}"]

        """
    }

    /// The lines that show a secret, each with its name.
    func leaks(in lines: [String]) -> [String] {
        let secrets = [
            "header": header, "query": query, "user": user, "password": password, "message": message,
            "variable": variable, "file": file, "credential": credential, "basic": basic,
        ]
        return lines.flatMap { line in
            secrets.filter { line.contains($0.value) }.keys.sorted().map { "\($0): \(line)" }
        }
    }
}
