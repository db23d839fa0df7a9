import Foundation

/// The files of this repository, found from where this one was compiled.
enum Repository {
    /// The folder that has `Package.swift`.
    static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file of `Sources` and `Tests`, and the manifest.
    static let swiftFiles: [SwiftFile] =
        paths
        .filter { $0.hasSuffix(".swift") }
        .compactMap { path in text(path).map { SwiftFile(path: path, text: $0) } }

    /// Every text file, as paths from the root, sorted.
    static let paths: [String] = walk("")

    /// The content of the file at `path` from the root; nil for a folder or binary data.
    static func text(_ path: String) -> String? {
        try? String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Whether there is a file or folder at `path` from the root.
    static func has(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path(percentEncoded: false))
    }

    private static let ignored: Set<String> = [".build", ".git", ".swiftpm", "Package.resolved"]

    private static func walk(_ folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(
            atPath: root.appending(path: folder).path(percentEncoded: false)
        )
        var found: [String] = []
        for name in (names ?? []).sorted() where !ignored.contains(name) {
            let path = folder.isEmpty ? name : folder + "/" + name
            var isFolder: ObjCBool = false
            let absolute = root.appending(path: path).path(percentEncoded: false)
            guard FileManager.default.fileExists(atPath: absolute, isDirectory: &isFolder) else { continue }
            found += isFolder.boolValue ? walk(path) : [path]
        }
        return found
    }
}

/// Something to tidy up, and where.
struct Finding: CustomStringConvertible, Equatable {
    var path: String
    var line: Int?
    var text: String

    var description: String {
        line.map { "\(path):\($0): \(text)" } ?? "\(path): \(text)"
    }
}

extension [Finding] {
    /// One finding a line, for the message of a failed expectation.
    var listed: String {
        "\n" + map(\.description).joined(separator: "\n")
    }
}
