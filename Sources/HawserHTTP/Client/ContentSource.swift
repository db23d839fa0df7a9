/// Content that is produced while it is sent.
struct ContentSource: Sendable {
    let stream: ContentStream
    let length: Int64?
}

extension HTTPContent {
    /// Content that is at hand as a whole.
    var bytes: [UInt8]? {
        switch self {
        case .none, .file, .stream, .multipart: nil
        case .bytes(let bytes, _): bytes
        case .form(let pairs): Array(QueryEncoding.encode(pairs).utf8)
        }
    }

    /// Content that is not; nil for content at hand, or none.
    var source: ContentSource? {
        switch self {
        case .none, .bytes, .form: nil
        case .stream(let stream, let length, _): ContentSource(stream: stream, length: length)
        case .file(let path, _):
            ContentSource(stream: FileChunks.stream(path), length: FileChunks.size(path))
        case .multipart(let content): content.contentSource
        }
    }
}

extension MultipartContent {
    /// The parts one after the other.
    fileprivate var contentSource: ContentSource {
        ContentSource(
            stream: ContentStream(replayable: {
                let reader = MultipartReader(self)
                return { try await reader.next() }
            }),
            length: length
        )
    }

    /// The size of it all; nil if a file's is not known.
    private var length: Int64? {
        var sum = Int64(tail.count)
        for index in parts.indices {
            let part: Int64
            switch parts[index].source {
            case .bytes(let bytes): part = Int64(bytes.count)
            case .file(let path):
                guard let size = FileChunks.size(path) else { return nil }
                part = size
            }
            let (total, overflow) = sum.addingReportingOverflow(part + Int64(head(of: index).count))
            guard !overflow else { return nil }
            sum = total
        }
        return sum
    }
}

/// Goes through the parts of a content, once.
private actor MultipartReader {
    private let content: MultipartContent
    private var index = 0
    private var file: ContentStream.Next?
    private var isAtTail = false

    init(_ content: MultipartContent) {
        self.content = content
    }

    func next() async throws -> [UInt8]? {
        if let file {
            if let chunk = try await file() { return chunk }
            self.file = nil
        }
        guard index < content.parts.count else {
            defer { isAtTail = true }
            return isAtTail ? nil : content.tail
        }
        let head = content.head(of: index)
        defer { index += 1 }
        switch content.parts[index].source {
        case .bytes(let bytes): return head + bytes
        case .file(let path):
            file = try FileChunks.stream(path).open()
            return head
        }
    }
}
