/// Outside bytes made safe and short enough for an error message or a log line.
package enum Excerpt {
    /// At most `limit` bytes of `bytes`: printable ASCII as it is, everything else as `\xNN`, an ellipsis if cut.
    package static func of(_ bytes: some Collection<UInt8>, limit: Int = 64) -> String {
        var text = ""
        for byte in bytes.prefix(limit) {
            switch byte {
            case 0x20...0x7E: text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.utf8.count == 1 ? "\\x0\(digits)" : "\\x\(digits)"
            }
        }
        return bytes.count > limit ? text + "…" : text
    }
}
