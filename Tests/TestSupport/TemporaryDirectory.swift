import Glibc

/// A new directory that is removed, with all it holds, when the last reference to this object goes.
///
/// Its path is short enough for Unix sockets in it.
public final class TemporaryDirectory: Sendable {
    /// The absolute path, without a slash at its end.
    public let path: String

    /// Makes a directory, mode 0700, under `$TMPDIR` or /tmp.
    public init() throws(SystemCallError) {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/hawser-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemCallError("mkdtemp in \(parent)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The path of `name` inside.
    public func file(_ name: String) -> String {
        "\(path)/\(name)"
    }

    /// Writes a file inside, replacing it, and gives its path.
    @discardableResult
    public func write(_ text: String, to name: String) throws(SystemCallError) -> String {
        try write(Array(text.utf8), to: name)
    }

    /// Writes a file inside, replacing it, and gives its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws(SystemCallError) -> String {
        let target = file(name)
        let descriptor = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SystemCallError("open \(target)") }
        defer { close(descriptor) }
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + done }, bytes.count - done)
            }
            guard count > 0 else { throw SystemCallError("write \(target)") }
            done += count
        }
        return target
    }

    /// The text of a file inside; nil if there is none.
    public func text(of name: String) -> String? {
        fileText(file(name))
    }

    /// The names of the files inside, sorted.
    public var names: [String] {
        entries(of: path).sorted()
    }

    deinit {
        removeTree(path)
    }
}

/// Removes a file, or a directory with all it holds; symbolic links are removed, never followed.
private func removeTree(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
        chmod(path, 0o700)
        for name in entries(of: path) { removeTree("\(path)/\(name)") }
        rmdir(path)
    } else {
        unlink(path)
    }
}
