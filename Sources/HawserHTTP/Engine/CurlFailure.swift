import CCurl
import NameResolution

/// What libcurl's codes mean.
enum CurlFailure {
    static func of(_ transfer: CurlTransfer, _ code: CURLcode, _ slot: TransferSlot) -> ExchangeFailure {
        let kind = transfer.failure ?? headKind(transfer, code, slot) ?? kind(code, slot)
        var failure = ExchangeFailure(kind: kind, timings: transfer.timings)
        let isLost = [
            CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_HTTP2, CURLE_HTTP2_STREAM,
        ].contains(code)
        failure.isStale = isLost && transfer.failure == nil && transfer.timings.isReused && transfer.reading.size == 0
        return failure
    }

    /// What only a head that is not whole tells.
    private static func headKind(_ transfer: CurlTransfer, _ code: CURLcode, _ slot: TransferSlot) -> HTTPError.Kind? {
        guard transfer.finalHead == nil else { return nil }
        switch code {
        case CURLE_OK: return .connectionLost("the answer ended inside its head")
        // libcurl's room for one line.
        case CURLE_OUT_OF_MEMORY: return .malformed(.fields, "a line has more than 100 KiB")
        case CURLE_RECV_ERROR, CURLE_COULDNT_CONNECT:
            return slot.long(CURLINFO_HTTP_CONNECTCODE) >= 300 ? .proxy(slot.explanation(code)) : nil
        default: return nil
        }
    }

    private static func kind(_ code: CURLcode, _ slot: TransferSlot) -> HTTPError.Kind {
        let words = slot.explanation(code)
        switch code {
        case CURLE_OK: return .connectionLost("the answer is not whole")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY: return unreadable(words)
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT:
            return .cannotConnect(words)
        case CURLE_PROXY: return .proxy(words)
        case CURLE_PARTIAL_FILE: return .connectionLost("the content ended too early: \(words)")
        case CURLE_GOT_NOTHING: return .connectionLost("the server closed it without an answer")
        case CURLE_SEND_ERROR, CURLE_SEND_FAIL_REWIND: return .connectionLost(words)
        case CURLE_RECV_ERROR: return received(words)
        case CURLE_HTTP2, CURLE_HTTP2_STREAM: return .malformed(.framing, words)
        case CURLE_BAD_CONTENT_ENCODING: return .malformed(.encoding, words)
        case CURLE_PEER_FAILED_VERIFICATION: return .tls(verification(slot, words), words)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_CLIENTCERT:
            return .tls(verification(slot, words), words)
        case CURLE_FILESIZE_EXCEEDED: return .malformed(.length, words)
        case CURLE_OUT_OF_MEMORY: return .engine("no memory for libcurl")
        default: return .connectionLost(words)
        }
    }

    /// libcurl tells these apart in words only.
    private static func unreadable(_ words: String) -> HTTPError.Kind {
        let lower = words.lowercased()
        if lower.contains("content-length") { return .malformed(.length, words) }
        if lower.contains("header") { return .malformed(.fields, words) }
        return .malformed(.statusLine, words)
    }

    private static func received(_ words: String) -> HTTPError.Kind {
        let lower = words.lowercased()
        if lower.contains("chunk") { return .malformed(.chunking, words) }
        if lower.contains("header") { return .malformed(.fields, words) }
        if lower.contains("proxy") { return .proxy(words) }
        return .connectionLost(words)
    }

    /// By the code of OpenSSL's `X509_V_ERR_…`.
    private static func verification(_ slot: TransferSlot, _ words: String) -> HTTPError.TLSReason {
        switch slot.long(CURLINFO_SSL_VERIFYRESULT) {
        case 9: .notYetValid
        case 10: .expired
        case 18, 19: .selfSigned
        // 7: an issuer of that name is trusted, and did not sign this.
        case 2, 7, 20, 21: .unknownIssuer
        case 62, 64: .wrongName
        // A signature that does not fit has no code here, only OpenSSL's word for where it was found.
        case _ where words.contains("asn1 encoding routines"): .unknownIssuer
        default: words.contains("subject name") ? .wrongName : .other
        }
    }
}

extension CurlTransfer {
    /// Takes down how long each part took, before the handle is given away.
    func note(_ slot: TransferSlot) {
        let connect = slot.size(CURLINFO_CONNECT_TIME_T)
        let secured = slot.size(CURLINFO_APPCONNECT_TIME_T)
        timings.isReused = slot.long(CURLINFO_NUM_CONNECTS) == 0
        if !timings.isReused {
            timings.connect = .microseconds(max(0, connect - slot.size(CURLINFO_NAMELOOKUP_TIME_T)))
            timings.tls = .microseconds(secured > 0 ? max(0, secured - connect) : 0)
        }
        timings.firstByte = timings.dns + .microseconds(slot.size(CURLINFO_STARTTRANSFER_TIME_T))
        timings.address = slot.text(CURLINFO_PRIMARY_IP)
    }
}
