import CLibwebsockets
import Glibc

/// What is wrong with a certificate, read out of OpenSSL while it verifies: afterwards the certificate is gone.
struct CertificateFault {
    /// `X509_V_ERR_…`.
    let code: Int
    /// 0 for the peer's own certificate, 1 for its issuer's, and so on.
    let depth: Int
    let subject: String
    let issuer: String
    /// The names and addresses that the certificate is for, as `DNS:feed.example, IP Address:192.0.2.1`.
    let names: String
    let notBefore: String
    let notAfter: String

    /// What a person is shown of a text that the peer chose.
    private static let longestText = 512

    /// The fault that `store` has just found.
    init(_ store: OpaquePointer) {
        code = Int(X509_STORE_CTX_get_error(store))
        depth = Int(X509_STORE_CTX_get_error_depth(store))
        let certificate = X509_STORE_CTX_get_current_cert(store)
        subject = certificate.flatMap { Self.text(X509_get_subject_name($0)) } ?? "unknown"
        issuer = certificate.flatMap { Self.text(X509_get_issuer_name($0)) } ?? "unknown"
        names = certificate.flatMap(Self.names) ?? ""
        notBefore = certificate.flatMap { Self.text(time: X509_get0_notBefore($0)) } ?? "unknown"
        notAfter = certificate.flatMap { Self.text(time: X509_get0_notAfter($0)) } ?? "unknown"
    }

    private static func text(_ name: OpaquePointer?) -> String? {
        guard let name else { return nil }
        return printed { X509_NAME_print_ex($0, name, 0, hawser_x509_name_one_line()) >= 0 }
    }

    private static func names(_ certificate: OpaquePointer) -> String? {
        let index = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1)
        guard index >= 0, let alternatives = X509_get_ext(certificate, index) else { return nil }
        return printed { X509V3_EXT_print($0, alternatives, 0, 0) == 1 }
    }

    private static func text(time: UnsafePointer<ASN1_TIME>?) -> String? {
        var parts = tm()
        guard let time, ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
        return moment(parts)
    }

    /// `2026-11-20 21:00:00 UTC`.
    private static func moment(_ parts: tm) -> String {
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let date = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
        return date + " \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) UTC"
    }

    /// This machine's clock, for comparison.
    static var presentMoment: String {
        var seconds = time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return moment(parts)
    }

    /// What `print` writes, one line of it at most so long, without control characters.
    private static func printed(_ print: (OpaquePointer) -> Bool) -> String? {
        guard let output = BIO_new(BIO_s_mem()) else { return nil }
        defer { BIO_free(output) }
        guard print(output) else { return nil }
        var bytes = [UInt8](repeating: 0, count: longestText)
        let count = BIO_read(output, &bytes, Int32(bytes.count))
        guard count > 0 else { return nil }
        let text = String(decoding: bytes[..<Int(count)].map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
        return BIO_ctrl_pending(output) > 0 ? text + "…" : text
    }
}

/// Notes the first fault that OpenSSL finds in the peer's certificates.
func noteCertificateFault(_ isGood: Int32, _ store: OpaquePointer?) -> Int32 {
    guard isGood == 0, let store else { return isGood }
    let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx())
    guard let connection = TLSConnection.of(ssl.map { OpaquePointer($0) }) else { return isGood }
    if connection.certificateFault == nil { connection.certificateFault = CertificateFault(store) }
    return isGood
}
