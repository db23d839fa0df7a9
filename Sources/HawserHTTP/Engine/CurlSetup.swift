import CCurl
import NameResolution
import WebSocketProtocol

/// Tells libcurl what a transfer wants.
struct CurlSetup {
    let easy: UnsafeMutableRawPointer
    let slot: TransferSlot
    let request: ExchangeRequest
    let isStream: Bool
    let settings: CurlEngine.Settings

    /// Everything but URL, fields and addresses.
    func apply(cookies: UnsafeMutableRawPointer?) {
        // Proof: the slot owns the handle.
        let owner = Unmanaged.passUnretained(slot).toOpaque()
        pointer(CURLOPT_PRIVATE, owner)
        pointer(CURLOPT_HEADERDATA, owner)
        pointer(CURLOPT_WRITEDATA, owner)
        pointer(CURLOPT_PREREQDATA, owner)
        _ = hawser_curl_set_data(easy, CURLOPT_HEADERFUNCTION, curlReceivedLine)
        _ = hawser_curl_set_data(easy, CURLOPT_WRITEFUNCTION, curlReceived)
        _ = hawser_curl_set_ready(easy, curlConnected)
        // Proof: the engine outlives its multi handle, and with it every connection.
        pointer(CURLOPT_CLOSESOCKETDATA, Unmanaged.passUnretained(slot.engine).toOpaque())
        _ = hawser_curl_set_close(easy, curlCloses)
        pointer(CURLOPT_OPENSOCKETDATA, Unmanaged.passUnretained(slot.engine).toOpaque())
        _ = hawser_curl_set_open(easy, curlOpens)
        long(CURLOPT_NOSIGNAL, 1)
        // Time is the engine's affair, with its own errors.
        long(CURLOPT_CONNECTTIMEOUT_MS, 24 * 3_600_000)
        long(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        text(CURLOPT_PROTOCOLS_STR, "http,https")
        long(CURLOPT_TCP_NODELAY, 1)
        if isStream { long(CURLOPT_BUFFERSIZE, 64 << 10) }
        // The engine decodes by itself: libcurl takes a content that is cut off inside its coding for a good one.
        long(CURLOPT_HTTP_CONTENT_DECODING, 0)
        applyPool(request)
        applyVersion()
        applyTLS()
        applyProxy(request)
        if let cookies {
            pointer(CURLOPT_SHARE, cookies)
            text(CURLOPT_COOKIEFILE, "")
        }
        if let digest = request.digest {
            long(CURLOPT_HTTPAUTH, hawser_curl_auth_digest())
            text(CURLOPT_USERNAME, digest.user)
            text(CURLOPT_PASSWORD, digest.password)
        }
        applyContent(request)
    }

    /// What `request` needs a handle to be set up for.
    static func shape(of request: ExchangeRequest, isStream: Bool) -> TransferSlot.Shape {
        guard case .none = request.content, request.method == .get, !isStream, !request.isFresh,
            request.proxy == nil, request.digest == nil
        else { return .other }
        return request.url.isSecure ? .secureGet : .plainGet
    }

    private func applyPool(_ request: ExchangeRequest) {
        if request.isFresh { long(CURLOPT_FRESH_CONNECT, 1) }
        if settings.pool.maxKeepalive == 0 { long(CURLOPT_FORBID_REUSE, 1) }
        // Whole seconds; less than one is one.
        long(CURLOPT_MAXAGE_CONN, Int(max(1, settings.pool.keepaliveExpiry.components.seconds)))
    }

    private func applyVersion() {
        switch settings.version {
        case .automatic:
            long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            // For the first connection to a server, which tells by ALPN whether the others are needed.
            if request.url.isSecure { long(CURLOPT_PIPEWAIT, 1) }
        case .http1: long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2PriorKnowledge:
            long(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
            long(CURLOPT_PIPEWAIT, 1)
        }
    }

    private func applyTLS() {
        let tls = settings.tls
        long(
            CURLOPT_SSLVERSION,
            Int(tls.minimumVersion == .v1_3 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2)
        )
        if let authority = tls.certificateAuthority {
            text(CURLOPT_CAINFO, authority)
            // Those and no others.
            pointer(CURLOPT_CAPATH, nil)
        }
        if !tls.verify {
            long(CURLOPT_SSL_VERIFYPEER, 0)
            long(CURLOPT_SSL_VERIFYHOST, 0)
        }
        if let certificate = tls.clientCertificate {
            text(CURLOPT_SSLCERT, certificate)
            text(CURLOPT_SSLKEY, tls.clientKey ?? certificate)
        }
    }

    private func applyProxy(_ request: ExchangeRequest) {
        // Empty, and so neither what the environment says.
        text(CURLOPT_NOPROXY, "")
        guard let proxy = request.proxy else {
            text(CURLOPT_PROXY, "")
            return
        }
        text(CURLOPT_PROXY, proxy.address)
        if let credentials = proxy.credentials {
            text(CURLOPT_PROXYUSERNAME, credentials.user)
            text(CURLOPT_PROXYPASSWORD, credentials.password)
            long(CURLOPT_PROXYAUTH, hawser_curl_auth_basic() | hawser_curl_auth_digest())
        }
        if let authority = settings.tls.certificateAuthority { text(CURLOPT_PROXY_CAINFO, authority) }
        if !settings.tls.verify {
            long(CURLOPT_PROXY_SSL_VERIFYPEER, 0)
            long(CURLOPT_PROXY_SSL_VERIFYHOST, 0)
        }
    }

    private func applyContent(_ request: ExchangeRequest) {
        let length: Int64?
        switch request.content {
        case .none:
            // libcurl would send it a second time when a kept connection turns out to be dead (RFC 9110 section 9.2.2).
            if !request.method.isIdempotent { long(CURLOPT_FRESH_CONNECT, 1) }
            if request.method == .head {
                long(CURLOPT_NOBODY, 1)
            } else if request.method != .get {
                text(CURLOPT_CUSTOMREQUEST, request.method.name)
                // These mean something to be sent, even if it is nothing (RFC 9110 section 8.6).
                if [.post, .put, .patch].contains(request.method) { hasNoContent() }
            }
            return
        case .bytes(let bytes): length = Int64(bytes.count)
        case .pipe(_, let known): length = known
        }
        // Proof: the slot owns the handle.
        let owner = Unmanaged.passUnretained(slot).toOpaque()
        pointer(CURLOPT_READDATA, owner)
        _ = hawser_curl_set_data(easy, CURLOPT_READFUNCTION, curlWantsContent)
        pointer(CURLOPT_SEEKDATA, owner)
        _ = hawser_curl_set_seek(easy, curlSeeks)
        long(CURLOPT_UPLOAD, 1)
        if let length { _ = hawser_curl_set_size(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(length)) }
        text(CURLOPT_CUSTOMREQUEST, request.method.name)
    }

    private func hasNoContent() {
        long(CURLOPT_POST, 1)
        text(CURLOPT_POSTFIELDS, "")
        _ = hawser_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, 0)
    }

    static func version(_ code: Int) -> String? {
        switch code {
        case Int(CURL_HTTP_VERSION_1_0): "1.0"
        case Int(CURL_HTTP_VERSION_1_1): "1.1"
        case Int(CURL_HTTP_VERSION_2_0): "2"
        default: nil
        }
    }

    private func long(_ option: CURLoption, _ value: Int) {
        _ = hawser_curl_set_long(easy, option, value)
    }

    @discardableResult
    private func text(_ option: CURLoption, _ value: String) -> CURLcode {
        hawser_curl_set_text(easy, option, value)
    }

    private func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer?) {
        _ = hawser_curl_set_pointer(easy, option, value)
    }
}
