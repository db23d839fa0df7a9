import TestSupport
import Testing

@testable import Transport

/// What the options name is loaded, or the error names the file and what is wrong with it.
@Suite("TLS context")
struct TLSContextTests {
    private func error(_ options: TLSOptions) -> TLSContextError? {
        do throws(TLSContextError) {
            _ = try TLSContext(options)
            return nil
        } catch {
            return error
        }
    }

    @Test("a certificate authority that is missing, a directory, or no certificate")
    func authority() throws {
        let directory = try TemporaryDirectory()
        let missing = directory.file("missing.pem")
        let first = error(TLSOptions(certificateAuthority: .file(missing)))
        #expect(first == .unreadable(.certificateAuthority, path: missing, detail: "No such file or directory"))
        #expect(first?.description == "the certificate authority \(missing) cannot be read: No such file or directory")
        let second = error(TLSOptions(certificateAuthority: .file(directory.path)))
        #expect(second == .unreadable(.certificateAuthority, path: directory.path, detail: "Is a directory"))
        let noise = try directory.write("no certificate here", to: "noise.pem")
        guard case .malformed(.certificateAuthority, noise, _)? = error(TLSOptions(certificateAuthority: .file(noise)))
        else {
            Issue.record("\(String(describing: error(TLSOptions(certificateAuthority: .file(noise)))))")
            return
        }
        guard case .malformed(.certificateAuthority, nil, _)? = error(TLSOptions(certificateAuthority: .pem("noise")))
        else {
            Issue.record("noise was accepted as PEM")
            return
        }
        let good = try directory.write(CertificateAuthority().certificate, to: "ca.pem")
        #expect(error(TLSOptions(certificateAuthority: .file(good))) == nil)
        #expect(error(TLSOptions()) == nil)
    }

    @Test("a client certificate or key that is missing, damaged, encrypted or another's")
    func client() throws {
        let directory = try TemporaryDirectory()
        let authority = try CertificateAuthority()
        let mine = try authority.issue()
        let certificate = try directory.write(mine.certificate, to: "client.pem")
        let key = try directory.write(mine.key, to: "client.key")
        let other = try directory.write(authority.issue().key, to: "other.key")
        let noise = try directory.write(
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
            to: "noise.key"
        )
        let encrypted = try directory.write(Self.encryptedKey, to: "encrypted.key")
        let missing = directory.file("missing")
        func error(_ certificate: String?, _ key: String?) -> TLSContextError? {
            self.error(TLSOptions(clientCertificate: certificate, clientKey: key))
        }
        #expect(error(certificate, key) == nil)
        #expect(
            error(missing, key) == .unreadable(.clientCertificate, path: missing, detail: "No such file or directory")
        )
        #expect(
            error(certificate, missing) == .unreadable(.clientKey, path: missing, detail: "No such file or directory")
        )
        #expect(error(certificate, other) == .keyMismatch(certificate: certificate, key: other))
        #expect(error(certificate, encrypted) == .encryptedKey(path: encrypted))
        #expect(error(nil, key) == .keyWithoutCertificate(key: key))
        for (bad, part) in [(error(key, key), "the client certificate"), (error(certificate, noise), "key")] {
            guard case .malformed? = bad else {
                Issue.record("\(String(describing: bad))")
                continue
            }
            #expect(bad?.description.contains(part) == true)
        }
        // Without a key of its own, the certificate's file has to hold it.
        guard case .malformed(.clientKey, certificate, _)? = error(certificate, nil) else {
            Issue.record("\(String(describing: error(certificate, nil)))")
            return
        }
    }

    /// A P-256 key that nobody uses, under the password “test”.
    private static let encryptedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAhXQHkl6LHk5AICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEECulgBosvE9YleR+Tkb26vIEgZAF
        tKSmQWNZvOK8JL3Hu5Ienul9IXgiEdHBda/gP7kHDe7bD6fCzd3tpgFXRMzJiQn9
        yk7WKyFffOfwmkInxNjhVUr/JGQSpt2CU+3vVcSTwcHE1hXQ80fpIPwh02cAXqL8
        EoURyQJg/GpAOOF101V6y5UZhMG74TtanAjgBvA36SViUdpe+ityRz4+dJrXSv8=
        -----END ENCRYPTED PRIVATE KEY-----
        """
}
