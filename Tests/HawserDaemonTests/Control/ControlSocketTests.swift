import Glibc
import NameResolution
import TestSupport
import Testing

@testable import HawserDaemon

/// The file of the control socket, and whose it is.
@Suite("Control socket") struct ControlSocketTests {
    @Test("it has mode 0660 whatever the umask, and goes with its owner")
    func mode() async throws {
        await #expect(processExitsWith: .success) {
            let directory = try TemporaryDirectory()
            let path = directory.file("hawser.sock")
            umask(0o077)
            do {
                let socket = try ControlSocket(path: path)
                var status = stat()
                #expect(lstat(socket.path, &status) == 0)
                #expect(status.st_mode & 0o7777 == 0o660)
                #expect(status.st_mode & S_IFMT == S_IFSOCK)
            }
            #expect(directory.names.isEmpty)
        }
    }

    @Test("what a dead process left is replaced; a file that is no socket is not touched")
    func stale() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("hawser.sock")
        try Self.leaveDead(path)
        #expect(directory.names == ["hawser.sock"])
        let socket = try ControlSocket(path: path)
        #expect(throws: Never.self) { _ = try ControlProbe(socket.path) }
        let file = try directory.write("precious", to: "file")
        let failure = #expect(throws: ControlSocket.Failure.self) { _ = try ControlSocket(path: file) }
        #expect(failure?.problem == "a file that is no socket stands there")
        #expect(directory.text(of: "file") == "precious")
    }

    @Test("one that answers is an error that says who, and stays as it is")
    func live() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("hawser.sock")
        let first = try ControlSocket(path: path)
        let failure = #expect(throws: ControlSocket.Failure.self) { _ = try ControlSocket(path: path) }
        #expect(failure?.problem.contains("process \(getpid()) (") == true, "\(String(describing: failure))")
        #expect(failure?.problem.contains("of user \(getuid())") == true)
        #expect(throws: Never.self) { _ = try ControlProbe(first.path) }
    }

    @Test("a file that another one put in its place is left alone at the end")
    func replaced() throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("hawser.sock")
        let first = try ControlSocket(path: path)
        unlink(path)
        let second = try ControlSocket(path: path)
        first.removeFile()
        #expect(directory.names == ["hawser.sock"])
        second.removeFile()
        #expect(directory.names.isEmpty)
    }

    @Test("without its directory, or with a path that is too long, it says what to do")
    func impossible() throws {
        let directory = try TemporaryDirectory()
        let missing = #expect(throws: ControlSocket.Failure.self) {
            _ = try ControlSocket(path: directory.file("none/hawser.sock"))
        }
        #expect(missing?.problem.contains("No such file or directory") == true)
        #expect(missing?.remedy.contains("make that directory") == true)
        let long = #expect(throws: ControlSocket.Failure.self) {
            _ = try ControlSocket(path: directory.file(String(repeating: "s", count: 108)))
        }
        #expect(long?.problem == "File name too long")
    }

    @Test("eight that start at once over a stale file: one gets it, the others say who has it")
    func race() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("hawser.sock")
        try Self.leaveDead(path)
        let sockets = Collected<ControlSocket>()
        let failures = Collected<String>()
        try await withThrowingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    try await onOwnThread {
                        do { sockets.append(try ControlSocket(path: path)) } catch { failures.append("\(error)") }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(sockets.count == 1)
        #expect(failures.values.allSatisfy { $0.contains("answers there") }, "\(failures.values)")
        #expect(throws: Never.self) { _ = try ControlProbe(path) }
    }

    /// What a process that was killed leaves: a socket that nobody listens to.
    private static func leaveDead(_ path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        guard let address = SocketAddress(unixPath: path), address.withSockaddr({ bind(descriptor, $0, $1) }) == 0
        else {
            throw SystemCallError("bind \(path)")
        }
    }
}
