/// The grammar of `Sec-WebSocket-Extensions` (RFC 6455 section 9.1): a list of extensions with parameters, whose values
/// are tokens, plain or in quotes.
enum ExtensionField {
    /// One extension of the list.
    struct Element: Equatable {
        /// In lower case.
        var name: String
        var parameters: [Parameter]
    }

    /// One parameter of an extension.
    struct Parameter: Equatable {
        /// In lower case.
        var name: String
        /// Without quotes; nil for a parameter without a value.
        var value: String?
    }

    /// The extensions that the field lines with these values name, in order; nil if they are malformed.
    ///
    /// Empty members of the list are passed over (RFC 9110 section 5.6.1).
    static func parse(_ values: [String]) -> [Element]? {
        var elements: [Element] = []
        for value in values {
            var reader = Reader(rest: Array(value.utf8)[...])
            repeat {
                reader.skipBlanks()
                if reader.rest.isEmpty || reader.rest.first == UInt8(ascii: ",") { continue }
                guard let element = reader.element() else { return nil }
                elements.append(element)
            } while reader.take(UInt8(ascii: ","))
            guard reader.rest.isEmpty else { return nil }
        }
        return elements
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func skipBlanks() {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
        }

        /// Takes `byte`, if it comes next, and the blanks behind it.
        mutating func take(_ byte: UInt8) -> Bool {
            guard rest.first == byte else { return false }
            rest.removeFirst()
            skipBlanks()
            return true
        }

        mutating func token() -> String? {
            let bytes = rest.prefix { HTTPSyntax.isTokenCharacter($0) }
            guard !bytes.isEmpty else { return nil }
            rest = rest[bytes.endIndex...]
            skipBlanks()
            return String(decoding: bytes, as: UTF8.self)
        }

        mutating func name() -> String? {
            token().map { String(decoding: $0.utf8.map(HTTPSyntax.lowercased), as: UTF8.self) }
        }

        mutating func element() -> Element? {
            guard let name = name() else { return nil }
            var element = Element(name: name, parameters: [])
            while take(UInt8(ascii: ";")) {
                guard let parameter = self.name() else { return nil }
                var value: String?
                if take(UInt8(ascii: "=")) {
                    value = rest.first == UInt8(ascii: "\"") ? quotedToken() : token()
                    if value == nil { return nil }
                }
                element.parameters.append(Parameter(name: parameter, value: value))
            }
            return element
        }

        /// A quoted string whose content, unescaped, is a token, as section 9.1 demands.
        private mutating func quotedToken() -> String? {
            rest.removeFirst()
            var content: [UInt8] = []
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "\"") {
                    skipBlanks()
                    return HTTPSyntax.isToken(content) ? String(decoding: content, as: UTF8.self) : nil
                }
                if byte == UInt8(ascii: "\\") {
                    guard let escaped = rest.popFirst() else { return nil }
                    content.append(escaped)
                } else {
                    content.append(byte)
                }
            }
            return nil
        }
    }
}
