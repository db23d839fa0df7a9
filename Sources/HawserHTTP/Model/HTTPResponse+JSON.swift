import Foundation

extension HTTPResponse {
    /// The content as JSON.
    ///
    /// - Throws: ``HTTPError`` with the kind ``HTTPError/Kind/notJSON(_:)``.
    public func json<Value: Decodable>(
        as type: Value.Type = Value.self,
        decoder: JSONDecoder = JSONDecoder()
    ) throws(HTTPError) -> Value {
        do {
            return try decoder.decode(type, from: Data(bytes))
        } catch {
            throw HTTPError(.notJSON(Self.words(error)), method: method, url: url, attempts: timings.attempts)
        }
    }

    static func words(_ error: any Error) -> String {
        func path(_ context: DecodingError.Context) -> String {
            let names = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }
            return names.isEmpty ? "" : " at \(names.joined())"
        }
        switch error {
        case DecodingError.keyNotFound(let key, let context): return "no key \"\(key.stringValue)\"\(path(context))"
        case DecodingError.typeMismatch(let type, let context): return "no \(type)\(path(context))"
        case DecodingError.valueNotFound(let type, let context): return "null instead of \(type)\(path(context))"
        case DecodingError.dataCorrupted(let context): return "\(context.debugDescription)\(path(context))"
        default: return "\(error)"
        }
    }
}

extension HTTPContent {
    /// `value` as JSON.
    ///
    /// - Throws: what the encoder throws.
    public static func json(_ value: some Encodable, encoder: JSONEncoder = JSONEncoder()) throws -> HTTPContent {
        .bytes([UInt8](try encoder.encode(value)), type: "application/json")
    }
}
