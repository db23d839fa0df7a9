import Glibc

/// A path, cut at its last slash.
struct FilePath {
    /// The folder; `.` for a bare name.
    let directory: String
    /// The name in the folder.
    let name: String

    init(_ path: String) {
        guard let slash = path.lastIndex(of: "/") else {
            directory = "."
            name = path
            return
        }
        directory = slash == path.startIndex ? "/" : String(path[..<slash])
        name = String(path[path.index(after: slash)...])
    }

    /// The path of another name in the same folder.
    func sibling(_ name: String) -> String {
        directory == "/" ? "/\(name)" : "\(directory)/\(name)"
    }

    /// `path` with its symbolic links resolved if it exists, so that a rotation renames the file and not the link.
    static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
