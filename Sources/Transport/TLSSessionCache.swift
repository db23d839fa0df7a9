import Locking
import CLibwebsockets

/// The last session of each peer, for resumption. From any thread.
final class TLSSessionCache: Sendable {
    /// One kept SSL_SESSION, freed with its last owner.
    private final class Kept: @unchecked Sendable {
        // Proof: an SSL_SESSION's reference count is atomic, and the session is not changed here.
        let session: OpaquePointer
        init(_ session: OpaquePointer) { self.session = session }
        deinit { SSL_SESSION_free(session) }
    }

    /// Peers whose session is kept at most.
    private static let limit = 1024

    private let sessions = OrderedMutex<[String: Kept]>([:])

    /// Takes over the caller's reference to `session`.
    func keep(_ session: OpaquePointer, key: String) {
        let kept = Kept(session)
        sessions.withLock { sessions in
            if sessions.count >= Self.limit, sessions[key] == nil, let any = sessions.keys.first { sessions[any] = nil }
            sessions[key] = kept
        }
    }

    /// Proposes the session kept under `key`. One of TLS 1.3 only once: its ticket should not be used twice (RFC 8446
    /// appendix C.4), and each connection brings new ones.
    func offer(to ssl: OpaquePointer, key: String) {
        let found = sessions.withLock { sessions in
            guard let kept = sessions[key] else { return nil as Kept? }
            if SSL_SESSION_get_protocol_version(kept.session) >= TLS1_3_VERSION { sessions[key] = nil }
            return kept
        }
        guard let kept = found else { return }
        // OpenSSL takes a reference of its own.
        if SSL_SESSION_is_resumable(kept.session) == 1 { SSL_set_session(ssl, kept.session) }
    }
}
