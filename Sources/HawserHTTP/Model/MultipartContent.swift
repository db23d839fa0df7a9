/// The parts of a `multipart/form-data` content (RFC 7578). Files are read while they are sent.
public struct MultipartContent: Sendable {
    /// One part.
    public struct Part: Sendable {
        enum Source: Sendable {
            case bytes([UInt8])
            case file(path: String)
        }

        let name: String
        let fileName: String?
        let type: String?
        let source: Source

        /// A field of a form.
        public static func field(_ name: String, _ value: String) -> Part {
            Part(name: name, fileName: nil, type: nil, source: .bytes(Array(value.utf8)))
        }

        /// Bytes that the server takes for a file.
        public static func bytes(
            _ name: String,
            _ bytes: [UInt8],
            fileName: String,
            type: String = "application/octet-stream"
        ) -> Part {
            Part(name: name, fileName: fileName, type: type, source: .bytes(bytes))
        }

        /// A file; its name is the last component of `path` unless told.
        public static func file(
            _ name: String,
            path: String,
            fileName: String? = nil,
            type: String = "application/octet-stream"
        ) -> Part {
            let last = path.split(separator: "/").last.map(String.init) ?? "file"
            return Part(name: name, fileName: fileName ?? last, type: type, source: .file(path: path))
        }
    }

    /// What separates the parts; does not occur in them but by chance of 1 in 2^128.
    let boundary: String
    let parts: [Part]

    /// Parts in the order in which they are sent.
    public init(_ parts: [Part]) {
        var generator = SystemRandomNumberGenerator()
        self.init(parts, using: &generator)
    }

    init(_ parts: [Part], using generator: inout some RandomNumberGenerator) {
        self.parts = parts
        boundary =
            "hawser-"
            + (0..<2).map { _ in String(UInt64.random(in: 0 ... .max, using: &generator), radix: 36) }
            .joined()
    }

    var type: String { "multipart/form-data; boundary=\(boundary)" }

    /// The bytes in front of the content of part number `index`, from the end of the part before it.
    func head(of index: Int) -> [UInt8] {
        let part = parts[index]
        var text = index == 0 ? "" : "\r\n"
        text += "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.escaped(part.name))\""
        if let fileName = part.fileName { text += "; filename=\"\(Self.escaped(fileName))\"" }
        text += "\r\n"
        if let type = part.type { text += "Content-Type: \(Self.fieldText(type))\r\n" }
        return Array((text + "\r\n").utf8)
    }

    /// The bytes behind the last part.
    var tail: [UInt8] {
        Array("\(parts.isEmpty ? "" : "\r\n")--\(boundary)--\r\n".utf8)
    }

    /// As the HTML standard escapes names (section 4.10.21.8, multipart/form-data encoding).
    private static func escaped(_ name: String) -> String {
        var text = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"": text += "%22"
            case "\r": text += "%0D"
            case "\n": text += "%0A"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// A value that cannot begin another line.
    private static func fieldText(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\r" && $0 != "\n" }))
    }
}
