import CCurl
import MonotonicTime
import WebSocketProtocol

/// One of libcurl's easy handles, used by one transfer after the other. Confined to the engine's thread.
final class TransferSlot {
    /// What a handle is set up for: most requests are alike but for URL and fields.
    enum Shape {
        /// GET without proxy or digest, kept whole, on any connection; without and with TLS.
        case plainGet, secureGet
        case other
    }

    /// Nil until a transfer needs it.
    private(set) var easy: UnsafeMutableRawPointer?
    var transfer: CurlTransfer?
    // Proof: the engine owns its slots, and frees the last of them when its thread ends.
    unowned(unsafe) let engine: CurlEngine
    /// The deadline in the engine's heap; nil if there is none.
    var armed: Instant?
    /// What the handle is set up for.
    private var shape = Shape.other
    private var fields: [HTTPFields.Line] = []
    // What libcurl reads while it works.
    private var fieldList: UnsafeMutablePointer<curl_slist>?
    private var addressList: UnsafeMutablePointer<curl_slist>?
    /// Where libcurl writes what went wrong.
    private let words = UnsafeMutableBufferPointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))

    init(_ engine: CurlEngine) {
        self.engine = engine
        words.initialize(repeating: 0)
    }

    deinit {
        if let easy { curl_easy_cleanup(easy) }
        curl_slist_free_all(fieldList)
        curl_slist_free_all(addressList)
        words.deallocate()
    }

    /// A handle for `shape`; nil if there is no memory for it.
    ///
    /// - Returns: with it, whether it has the settings of that shape already; else it has those of a new one.
    func prepare(_ shape: Shape) -> (easy: UnsafeMutableRawPointer, isShaped: Bool)? {
        words[0] = 0
        if let easy, shape != .other && self.shape == shape { return (easy, true) }
        if let easy {
            // libcurl 7.88 would forget the list, and never free it.
            _ = hawser_curl_set_text(easy, CURLOPT_COOKIEFILE, nil)
            curl_easy_reset(easy)
        } else {
            easy = curl_easy_init()
        }
        self.shape = shape
        guard let easy else { return nil }
        _ = hawser_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, words.baseAddress)
        return (easy, false)
    }

    /// The handle has settings of its own now: the next transfer begins with those of a new one.
    func forgetShape() {
        shape = .other
    }

    /// Gives libcurl the lines of a head, unless it has them.
    ///
    /// - Returns: whether there was memory for them.
    func setFields(_ fields: [HTTPFields.Line], isShaped: Bool) -> Bool {
        guard let easy else { return false }
        if isShaped && fields == self.fields { return true }
        var list = FieldList()
        for field in fields {
            // A name with a colon and nothing behind it would take the field away.
            list.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        // What libcurl would add by itself: a wait for 100 (Continue), types that nobody asked for.
        for name in ["Expect", "Content-Type"] where !fields.contains(where: { $0.isNamed(name) }) {
            list.append("\(name):")
        }
        _ = hawser_curl_set_pointer(easy, CURLOPT_HTTPHEADER, list.pointer)
        curl_slist_free_all(fieldList)
        fieldList = list.pointer
        self.fields = fields
        return !list.isCut
    }

    /// Tells libcurl a name's addresses, so that it never looks one up; nil for what it knows.
    func setAddresses(_ line: String?) {
        guard let easy, line != nil || addressList != nil else { return }
        var list = FieldList()
        if let line { list.append(line) }
        _ = hawser_curl_set_pointer(easy, CURLOPT_RESOLVE, list.pointer)
        curl_slist_free_all(addressList)
        addressList = list.pointer
    }

    /// What libcurl says of the failure, or the general words for `code`.
    func explanation(_ code: CURLcode) -> String {
        guard let base = words.baseAddress, words[0] != 0 else { return String(cString: curl_easy_strerror(code)) }
        return String(cString: base)
    }

    func long(_ info: CURLINFO) -> Int {
        var value = 0
        if let easy { _ = hawser_curl_get_long(easy, info, &value) }
        return value
    }

    func size(_ info: CURLINFO) -> Int64 {
        var value: curl_off_t = 0
        if let easy { _ = hawser_curl_get_size(easy, info, &value) }
        return Int64(value)
    }

    func text(_ info: CURLINFO) -> String {
        var value: UnsafeMutablePointer<CChar>?
        if let easy { _ = hawser_curl_get_text(easy, info, &value) }
        return value.map { String(cString: $0) } ?? ""
    }
}

/// libcurl's list of strings.
private struct FieldList {
    private(set) var pointer: UnsafeMutablePointer<curl_slist>?
    /// There was no memory for all of it.
    private(set) var isCut = false

    mutating func append(_ line: String) {
        guard let longer = curl_slist_append(pointer, line) else {
            isCut = true
            return
        }
        pointer = longer
    }
}

extension HTTPFields.Line {
    /// Whether it has this name, whatever the case of its letters.
    func isNamed(_ name: String) -> Bool {
        HTTPSyntax.areEqualIgnoringCase(self.name, name)
    }
}
