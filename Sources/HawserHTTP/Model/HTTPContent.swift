/// The content of a request (RFC 9110 section 6.4). `Content-Type` is set from it unless the request has that field.
public enum HTTPContent: Sendable {
    /// None.
    case none
    /// These bytes.
    case bytes([UInt8], type: String? = nil)
    /// The pairs of a form, `application/x-www-form-urlencoded`.
    case form([(String, String)])
    /// Parts, files among them, `multipart/form-data`.
    case multipart(MultipartContent)
    /// A file, read while it is sent.
    case file(path: String, type: String? = nil)
    /// Chunks as they come; `length` is sent ahead if it is known, and then must be right.
    case stream(ContentStream, length: Int64? = nil, type: String? = nil)

    /// This text in UTF-8.
    public static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> HTTPContent {
        .bytes(Array(text.utf8), type: type)
    }

    /// The type that goes into `Content-Type`; nil for none.
    var type: String? {
        switch self {
        case .none: nil
        case .bytes(_, let type), .file(_, let type), .stream(_, _, let type): type
        case .form: "application/x-www-form-urlencoded"
        case .multipart(let content): content.type
        }
    }

    /// Whether it can be sent a second time.
    var isReplayable: Bool {
        if case .stream(let stream, _, _) = self { return stream.isReplayable }
        return true
    }

    /// Whether there is none.
    public var isEmpty: Bool {
        if case .none = self { return true }
        return false
    }
}

/// Chunks of content from an asynchronous source.
public struct ContentStream: Sendable {
    /// Gives the next chunk, or nil at the end.
    public typealias Next = @Sendable () async throws -> [UInt8]?

    let open: @Sendable () throws -> Next
    /// Whether ``open`` may be called again, for a redirect or another attempt.
    let isReplayable: Bool

    /// What `open` gives, called once for each time that the content is sent.
    public init(replayable open: @escaping @Sendable () throws -> Next) {
        self.open = open
        isReplayable = true
    }

    /// The elements of `chunks`, which can be sent once: a request with it is not repeated.
    public init<Chunks: AsyncSequence & Sendable>(_ chunks: Chunks) where Chunks.Element == [UInt8] {
        open = {
            let reader = ChunkReader(chunks)
            return { try await reader.next() }
        }
        isReplayable = false
    }
}

/// Reads a sequence, one call after the other.
private actor ChunkReader<Chunks: AsyncSequence & Sendable> where Chunks.Element == [UInt8] {
    private let chunks: Chunks
    private var iterator: Chunks.AsyncIterator?

    init(_ chunks: Chunks) {
        self.chunks = chunks
    }

    func next() async throws -> [UInt8]? {
        var iterator = self.iterator ?? chunks.makeAsyncIterator()
        defer { self.iterator = iterator }
        return try await iterator.next(isolation: self)
    }
}
