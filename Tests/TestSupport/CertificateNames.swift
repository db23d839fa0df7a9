import CLibwebsockets
import Glibc

/// The names and addresses that a certificate is for (RFC 5280 section 4.2.1.6).
public struct CertificateNames: Hashable, Sendable {
    /// DNS names.
    public private(set) var names: [String] = []
    /// IP addresses.
    public private(set) var addresses: [String] = []

    /// Those of the certificate in `pem`.
    public init(pem: String) throws(CertificateError) {
        let certificate = try CertificateAuthority.parseCertificate(pem)
        defer { X509_free(certificate) }
        guard let extensionNames = X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else {
            throw CertificateError("X509_get_ext_d2i")
        }
        let list = OpaquePointer(extensionNames)
        defer { OPENSSL_sk_free(list) }
        for index in 0..<OPENSSL_sk_num(list) {
            guard let entry = OPENSSL_sk_value(list, index) else { continue }
            let name = entry.assumingMemoryBound(to: GENERAL_NAME.self)
            defer { GENERAL_NAME_free(name) }
            let bytes = UnsafeBufferPointer(
                start: ASN1_STRING_get0_data(name.pointee.d.ia5),
                count: Int(ASN1_STRING_length(name.pointee.d.ia5))
            )
            switch name.pointee.type {
            case GEN_DNS: names.append(String(decoding: bytes, as: UTF8.self))
            case GEN_IPADD: addresses.append(Self.text(Array(bytes)))
            default: break
            }
        }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &buffer, socklen_t(buffer.count))
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
