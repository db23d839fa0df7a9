/// Undoes a content coding (RFC 9110 section 8.4.1) piece by piece, and knows whether the content was whole: a coded
/// content tells where it ends, and a server or proxy that cuts it off is found out.
///
/// libcurl decodes too, but takes a content that ends inside its coding for a good one. Confined to the engine's thread.
protocol ContentDecoder: AnyObject {
    /// Takes bytes from the front of `input`, which may be empty, and puts what comes of them into `room`.
    ///
    /// - Returns: how many were taken, and how many were put; if `room` was filled there may be more without further input.
    /// - Throws: what is wrong with the coded content.
    func decode(
        _ input: UnsafeRawBufferPointer,
        into room: UnsafeMutableRawBufferPointer
    ) throws(ContentCodingFault) -> (taken: Int, put: Int)

    /// Whether the content may end here.
    var isWhole: Bool { get }
}

/// What is wrong with a coded content.
struct ContentCodingFault: Error {
    /// For a person.
    let problem: String

    /// Zeros behind the end are padding; anything else may be a part of the content that was spoilt.
    static func check(padding: UnsafeRawBufferPointer) throws(ContentCodingFault) {
        if padding.contains(where: { $0 != 0 }) {
            throw ContentCodingFault(problem: "something follows the end of the coded content")
        }
    }
}

/// A coding that is asked for and understood.
enum ContentCoding: String, CaseIterable {
    case gzip, deflate
    case brotli = "br"
    case zstd

    /// The value of `Accept-Encoding`.
    static let accepted = allCases.map(\.rawValue).joined(separator: ", ")

    /// The coding that a head announces; nil for none.
    ///
    /// - Throws: a coding that nobody asked for, or several.
    static func announced(by head: ExchangeHead) throws(ContentCodingFault) -> ContentCoding? {
        guard head.isCoded else { return nil }
        let names = head.block.fields.listMembers("Content-Encoding").map { $0.lowercased() }
            .filter { $0 != "identity" }
        guard let name = names.first else { return nil }
        guard names.count == 1 else {
            throw ContentCodingFault(problem: "several codings at once: \(names.prefix(4).joined(separator: ", "))")
        }
        // RFC 9110 section 8.4.1.3: the older name means the same.
        guard let coding = ContentCoding(rawValue: name == "x-gzip" ? "gzip" : name) else {
            throw ContentCodingFault(problem: "the coding \"\(name.prefix(32))\" was not asked for")
        }
        return coding
    }

    /// A decoder at the beginning of a content; nil if there is no memory for it.
    var decoder: (any ContentDecoder)? {
        switch self {
        case .gzip: ZlibDecoder(isGzip: true)
        case .deflate: ZlibDecoder(isGzip: false)
        case .brotli: BrotliDecoder()
        case .zstd: ZstdDecoder()
        }
    }
}
