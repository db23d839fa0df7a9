import CLibwebsockets

extension TLSFailure {
    /// What a failed call on `connection` means.
    ///
    /// - Parameter error: the first entry of OpenSSL's error queue.
    init(of connection: TLSConnection, error: UInt, hasClientCertificate: Bool) {
        let reason = ERR_GET_REASON(error)
        // A signature that does not fit leaves an error of its own in front of the one of the verification.
        if reason == SSL_R_CERTIFICATE_VERIFY_FAILED || connection.options.verify && connection.certificateFault != nil
        {
            self.init(verificationOf: connection)
            return
        }
        let (kind, text) = Self.reading(reason, connection, hasClientCertificate)
        let detail = Self.words(error)
        self.init(kind: kind, message: detail.isEmpty ? text : "\(text) (OpenSSL: \(detail))")
    }

    /// The peer ended the connection before the handshake was done.
    init(endedDuringHandshakeOf connection: TLSConnection) {
        let peer = Self.peer(connection)
        if connection.wasAskedForCertificate && connection.options.clientCertificate == nil {
            self.init(kind: .clientCertificateRequired, message: Self.certificateRequired(peer))
        } else {
            self.init(
                kind: .closed,
                message: "\(peer) closed the connection during the TLS handshake:"
                    + " check that it speaks TLS on this port, and its own log for the reason"
            )
        }
    }

    private init(verificationOf connection: TLSConnection) {
        let code = connection.certificateFault?.code ?? connection.verifyResult
        guard let fault = connection.certificateFault else {
            self.init(
                kind: .certificate(code: code),
                verifyResult: code,
                message: "the certificate of \(Self.peer(connection)) was not accepted: \(Self.verdict(code))"
            )
            return
        }
        let (kind, text) = Self.reading(fault, connection)
        self.init(kind: kind, verifyResult: code, message: text)
    }

    private static func reading(_ fault: CertificateFault, _ connection: TLSConnection) -> (Kind, String) {
        let peer = peer(connection)
        let whose =
            fault.depth == 0
            ? "the certificate of \(peer) (\(fault.subject))"
            : "a certificate above that of \(peer) (\(fault.subject))"
        switch Int32(truncatingIfNeeded: fault.code) {
        case X509_V_ERR_CERT_HAS_EXPIRED:
            let text =
                "\(whose) expired at \(fault.notAfter); this machine's clock says \(CertificateFault.presentMoment)"
            return (.expired, text + ". The peer has to renew it")
        case X509_V_ERR_CERT_NOT_YET_VALID:
            let clock = "this machine's clock says \(CertificateFault.presentMoment)"
            return (.notYetValid, "\(whose) is not good before \(fault.notBefore); \(clock). Check the clock first")
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            let seen = fault.names.isEmpty ? "no name at all" : fault.names
            return (
                .nameMismatch(expected: connection.serverName),
                "\(whose) is not for “\(connection.serverName)”: it is for \(seen)."
                    + " Dial it by one of these, or have it issued for this one"
            )
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
            return (.selfSigned, "\(whose) is signed by itself and not trusted here. \(trust(connection.options))")
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_UNTRUSTED:
            let missing = "its issuer (\(fault.issuer)) is not trusted here, or an intermediate certificate is missing"
            return (.unknownIssuer, "\(whose) cannot be verified: \(missing). \(trust(connection.options))")
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
            let other = "its issuer has the name of one that is trusted here (\(fault.issuer)), but another key"
            return (.unknownIssuer, "\(whose) cannot be verified: \(other). \(trust(connection.options))")
        default:
            return (.certificate(code: fault.code), "\(whose) was not accepted: \(verdict(fault.code))")
        }
    }

    private static func reading(
        _ reason: Int32,
        _ connection: TLSConnection,
        _ hasClientCertificate: Bool
    ) -> (Kind, String) {
        let peer = peer(connection)
        switch reason {
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            return (.clientCertificateRequired, certificateRequired(peer))
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_NO_CERTIFICATE,
            SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
            SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SSL_R_TLSV1_ALERT_UNKNOWN_CA,
            SSL_R_TLSV1_ALERT_ACCESS_DENIED:
            if connection.wasAskedForCertificate && !hasClientCertificate {
                return (.clientCertificateRequired, certificateRequired(peer))
            }
            if reason != SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE && hasClientCertificate {
                let file = connection.options.clientCertificate ?? ""
                return (.clientCertificateRejected, "\(peer) did not accept the client certificate \(file)")
            }
            return (.handshake, "\(peer) refused the TLS handshake")
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_WRONG_SSL_VERSION,
            SSL_R_VERSION_TOO_LOW:
            let lowest = connection.options.minimumVersion.rawValue
            let remedy = "The peer has to be configured for a newer version of TLS"
            return (.protocolVersion, "\(peer) does not speak TLS \(lowest) or newer. \(remedy)")
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_RECORD_LENGTH_MISMATCH:
            return (.notTLS, "\(peer) does not speak TLS: check the port, and whether the address is ws:// not wss://")
        default:
            return (.handshake, "TLS with \(peer) failed")
        }
    }

    private static func certificateRequired(_ peer: String) -> String {
        "\(peer) wants a client certificate and none is configured: set the client certificate and its key"
    }

    private static func trust(_ options: TLSOptions) -> String {
        switch options.certificateAuthority {
        case .system: "If it is to be trusted, name its issuer's certificate as the certificate authority"
        case .file(let path): "Only the certificates in \(path) are trusted"
        case .pem: "Only the certificates given as PEM text are trusted"
        }
    }

    /// `“feed.example” (192.0.2.1:443)`.
    private static func peer(_ connection: TLSConnection) -> String {
        "“\(connection.serverName)” (\(connection.remoteAddress))"
    }

    private static func verdict(_ code: Int) -> String {
        String(cString: X509_verify_cert_error_string(code))
    }

    private static func words(_ error: UInt) -> String {
        guard let reason = ERR_reason_error_string(error) else { return "" }
        return String(cString: reason)
    }
}
