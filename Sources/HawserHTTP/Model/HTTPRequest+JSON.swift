import Foundation

extension HTTPRequest {
    /// What a request may say in JSON.
    private struct Description: Decodable {
        var method: String?
        var url: String
        var query: [String: String]?
        var headers: [String: String]?
        var json: JSONValue?
        var form: [String: String]?
        var data: String?
    }

    /// The request that a JSON object describes: `{"method": "POST", "url": "https://…", "query": {…}, "headers": {…},
    /// "json": …}`. Only `url` is needed; instead of `json` it may have `form` (an object) or `data` (a text). With content
    /// the method is POST unless said otherwise. Other keys are errors.
    ///
    /// - Throws: ``HTTPError`` with the kind ``HTTPError/Kind/invalidRequest(_:)`` or ``HTTPError/Kind/invalidURL(_:)``.
    public init(describedBy json: [UInt8]) throws(HTTPError) {
        let description: Description
        do {
            let known: Set<String> = ["method", "url", "query", "headers", "json", "form", "data"]
            let keys = try JSONDecoder().decode([String: JSONValue].self, from: Data(json)).keys
            if let other = keys.sorted().first(where: { !known.contains($0) }) {
                throw HTTPError(
                    .invalidRequest("unknown key \"\(other)\"; known are \(known.sorted().joined(separator: ", "))")
                )
            }
            description = try JSONDecoder().decode(Description.self, from: Data(json))
        } catch let error as HTTPError {
            throw error
        } catch {
            throw HTTPError(.invalidRequest("no request: \(HTTPResponse.words(error))"))
        }
        let contents = try Self.contents(description)
        guard contents.count <= 1 else {
            throw HTTPError(.invalidRequest("of json, form and data there can be one"))
        }
        let name = description.method ?? (contents.isEmpty ? "GET" : "POST")
        guard let method = HTTPMethod(name) else { throw HTTPError(.invalidRequest("\"\(name)\" is no method")) }
        try self.init(method, description.url, content: contents.first ?? .none)
        url = url.adding(query: (description.query ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
        for (name, value) in (description.headers ?? [:]).sorted(by: { $0.key < $1.key }) {
            headers.append(HTTPFields.Line(name: name, value: value))
        }
    }

    private static func contents(_ description: Description) throws(HTTPError) -> [HTTPContent] {
        var contents: [HTTPContent] = []
        if let json = description.json {
            do { contents.append(try .json(json)) } catch { throw HTTPError(.invalidRequest("json: \(error)")) }
        }
        if let form = description.form {
            contents.append(.form(form.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }))
        }
        if let data = description.data { contents.append(.text(data)) }
        return contents
    }
}

/// Any JSON value.
private indirect enum JSONValue: Codable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
