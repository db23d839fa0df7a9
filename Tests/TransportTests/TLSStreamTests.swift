import CLibwebsockets
import Glibc
import Testing

@testable import Transport

/// What OpenSSL reads from: the descriptor, through a buffer that the loop lends.
@Suite("TLS stream")
struct TLSStreamTests {
    /// A stream with the BIO that OpenSSL would use, and the other end of its descriptor.
    private final class End {
        let stream: TLSStream
        let bio: OpaquePointer
        let descriptor: Int32
        let peer: Int32

        init(_ buffers: TLSReadBuffers) throws {
            var pair: [Int32] = [-1, -1]
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
            try #require(socketpair(AF_UNIX, kind, 0, &pair) == 0)
            (descriptor, peer) = (pair[0], pair[1])
            stream = TLSStream(descriptor, buffers)
            bio = try #require(stream.makeBIO())
        }

        deinit {
            BIO_free(bio)
            close(descriptor)
            close(peer)
        }

        func send(_ bytes: [UInt8]) {
            #expect(write(peer, bytes, bytes.count) == bytes.count)
        }

        /// What is read, or what the read returned instead.
        func read(_ count: Int) -> (bytes: [UInt8], status: Int32, mayRetry: Bool) {
            var room = [UInt8](repeating: 0, count: count)
            let status = BIO_read(bio, &room, Int32(count))
            return (Array(room.prefix(Int(max(0, status)))), status, BIO_test_flags(bio, BIO_FLAGS_SHOULD_RETRY) != 0)
        }

        var isAtEnd: Bool { BIO_ctrl(bio, BIO_CTRL_EOF, 0, nil) == 1 }
    }

    @Test("what one connection has not taken stays its own while others read")
    func lending() throws {
        let buffers = TLSReadBuffers()
        let (first, second) = (try End(buffers), try End(buffers))
        let (one, two) = ((0..<1000).map { UInt8($0 % 251) }, (0..<1000).map { UInt8($0 % 241) })
        first.send(one)
        second.send(two)
        #expect(first.read(300).bytes == Array(one[..<300]))
        #expect(second.read(1000).bytes == two)
        #expect(first.read(1000).bytes == Array(one[300...]))
        #expect(first.stream.isExhausted && second.stream.isExhausted)
    }

    @Test("a descriptor that was drained is not asked again before an event")
    func draining() throws {
        let end = try End(TLSReadBuffers())
        end.send([1, 2, 3])
        #expect(end.read(10).bytes == [1, 2, 3])
        end.send([4])
        let early = end.read(10)
        #expect(early.status == -1 && early.mayRetry)
        end.stream.wake()
        #expect(end.read(10).bytes == [4])
    }

    @Test("nothing yet may be tried again, the end may not")
    func ends() throws {
        let end = try End(TLSReadBuffers())
        let nothing = end.read(10)
        #expect(nothing.status == -1 && nothing.mayRetry && !end.isAtEnd)
        shutdown(end.peer, Int32(SHUT_WR))
        end.stream.wake()
        let last = end.read(10)
        #expect(last.status == 0 && !last.mayRetry && end.isAtEnd)
    }

    @Test("what the kernel does not take may be tried again")
    func writing() throws {
        let end = try End(TLSReadBuffers())
        let block = [UInt8](repeating: 7, count: 1 << 20)
        var sent: Int32 = 0
        repeat { sent = BIO_write(end.bio, block, Int32(block.count)) } while sent > 0
        #expect(sent == -1 && BIO_test_flags(end.bio, BIO_FLAGS_SHOULD_RETRY) != 0)
        #expect(BIO_test_flags(end.bio, BIO_FLAGS_WRITE) != 0)
    }
}
