import CLibwebsockets
import Locking

/// The newest sessions of each peer, for resumption. From any thread.
final class TLSSessionCache: Sendable {
    /// One kept SSL_SESSION, freed with its last owner.
    private final class Kept: @unchecked Sendable {
        // Proof: an SSL_SESSION's reference count is atomic, and the session is not changed here.
        let session: OpaquePointer
        init(_ session: OpaquePointer) { self.session = session }
        deinit { SSL_SESSION_free(session) }

        /// A ticket of TLS 1.3 should not be used twice (RFC 8446 appendix C.4), and each connection brings new ones.
        var isForOneUse: Bool { SSL_SESSION_get_protocol_version(session) >= TLS1_3_VERSION }

        /// Resuming does not look at the certificate again, so a session must not outlive it.
        var isUsable: Bool {
            guard SSL_SESSION_is_resumable(session) == 1 else { return false }
            guard let certificate = SSL_SESSION_get0_peer(session) else { return true }
            return X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0
        }
    }

    private struct Peers {
        private(set) var sessions: [String: [Kept]] = [:]
        private(set) var count = 0

        mutating func replace(_ key: String, with kept: [Kept]) {
            count += kept.count - (sessions[key]?.count ?? 0)
            sessions[key] = kept.isEmpty ? nil : kept
        }
    }

    /// Sessions kept of one peer: as many of its subscriptions may dial at once and resume.
    static let perPeer = 32
    /// Sessions kept in all.
    static let limit = 1024

    private let peers = OrderedMutex(Peers())

    /// Takes over the caller's reference to `session`.
    func keep(_ session: OpaquePointer, key: String) {
        let kept = Kept(session)
        peers.withLock { peers in
            // One of TLS 1.2 replaces all others: it may be used again and again.
            let others = kept.isForOneUse ? peers.sessions[key] ?? [] : []
            peers.replace(key, with: others.suffix(Self.perPeer - 1) + [kept])
            while peers.count > Self.limit, let other = peers.sessions.keys.first(where: { $0 != key }) {
                peers.replace(other, with: [])
            }
        }
    }

    /// Proposes the newest session kept under `key`.
    ///
    /// - Returns: whether there was one.
    func offer(to ssl: OpaquePointer, key: String) -> Bool {
        let found = peers.withLock { peers in
            var sessions = peers.sessions[key] ?? []
            sessions.removeAll { !$0.isUsable }
            let newest = sessions.last
            if newest?.isForOneUse == true { sessions.removeLast() }
            peers.replace(key, with: sessions)
            return newest
        }
        // OpenSSL takes a reference of its own.
        return found.map { SSL_set_session(ssl, $0.session) == 1 } ?? false
    }

    /// Drops what is kept under `key`.
    func forget(_ key: String) {
        peers.withLock { $0.replace(key, with: []) }
    }

    /// Sessions kept at present.
    var count: Int {
        peers.withLock { $0.count }
    }
}
