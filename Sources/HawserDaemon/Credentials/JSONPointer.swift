/// A place in a JSON text (RFC 6901): `/data/token`, `/keys/0`; the empty text is the whole.
struct JSONPointer: Sendable, Hashable {
    /// What stands there.
    enum Value: Sendable, Equatable {
        /// A string, its escapes undone.
        case string(String)
        /// A number, as it is written.
        case number(String)
        /// true, false, null, an array or an object.
        case other
    }

    /// As it is written.
    let text: String
    private let tokens: [String]

    /// Parses a pointer; nil unless it is empty or begins with a slash, and each `~` is part of `~0` or `~1`.
    init?(_ text: String) {
        self.text = text
        guard !text.isEmpty else {
            tokens = []
            return
        }
        guard text.first == "/" else { return nil }
        var tokens: [String] = []
        for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            guard let token = Self.unescaped(part) else { return nil }
            tokens.append(token)
        }
        self.tokens = tokens
    }

    /// What stands at this place of `json`; nil if there is no such place, or `json` is not JSON.
    func value(in json: [UInt8]) -> Value? {
        json.withUnsafeBytes { bytes in
            guard JSONText.form(of: bytes) != .invalid else { return nil }
            var pieces = JSONPieces(bytes)
            guard var place = pieces.next() else { return nil }
            for token in tokens {
                guard let next = Self.child(token, of: place) else { return nil }
                place = next
            }
            return Self.value(of: place)
        }
    }

    private static func child(_ token: String, of place: JSONPiece) -> JSONPiece? {
        switch place.bytes.first {
        case UInt8(ascii: "{"):
            guard var members = JSONObjectReader(place.bytes) else { return nil }
            while let (key, value) = members.next() {
                if key.string == token { return value }
            }
            return nil
        case UInt8(ascii: "["):
            // RFC 6901 section 4: no leading zeros; "-" is the place behind the last, where nothing is.
            guard let index = Int(token), index >= 0, "\(index)" == token else { return nil }
            let elements = place.elements
            return index < elements.count ? elements[index] : nil
        default:
            return nil
        }
    }

    private static func value(of place: JSONPiece) -> Value {
        if let string = place.string { return .string(string) }
        guard let first = place.bytes.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
            return .other
        }
        return .number(String(decoding: place.bytes, as: UTF8.self))
    }

    private static func unescaped(_ part: Substring) -> String? {
        var token = ""
        var rest = part[...]
        while let tilde = rest.firstIndex(of: "~") {
            token += rest[..<tilde]
            let next = rest.index(after: tilde)
            guard next < rest.endIndex, rest[next] == "0" || rest[next] == "1" else { return nil }
            token += rest[next] == "0" ? "~" : "/"
            rest = rest[rest.index(after: next)...]
        }
        return token + rest
    }
}
