/// Writes records as JSON lines, one line each: `{"time":…,"run":…,"sub":…,"session":…,"seq":…,"text":…}`.
///
/// Confined to one sink's thread.
struct RecordEncoder {
    private var timestamp = Timestamp()

    /// Appends `record`'s line, with its line feed. No line has another line feed in it.
    mutating func append(_ record: Record, of identity: RunIdentity, to buffer: inout LineBuffer) {
        buffer.append(#"{"time":""#)
        timestamp.append(record.wallNanoseconds, to: &buffer)
        buffer.append(#"","#)
        identity.withMembers(of: record.subscription) { buffer.append($0) }
        switch record.kind {
        case .mark:
            buffer.append(record.payload)
        case .answer:
            buffer.append(#""seq":"#)
            buffer.append(decimal: record.sequence)
            buffer.append(record.payload)
        case .text, .binary, .json:
            buffer.append(#""session":"#)
            buffer.append(decimal: UInt64(record.session))
            buffer.append(#","seq":"#)
            buffer.append(decimal: record.sequence)
            appendMessage(record, to: &buffer)
        }
        buffer.append("}\n")
    }

    private func appendMessage(_ record: Record, to buffer: inout LineBuffer) {
        switch record.kind {
        case .json:
            switch JSONText.form(of: record.payload) {
            case .invalid:
                appendText(record.payload, to: &buffer)
            case .oneLine:
                buffer.append(#","json":"#)
                buffer.append(record.payload)
            case .severalLines:
                buffer.append(#","json":"#)
                JSONText.appendMinified(record.payload, to: &buffer)
            }
        case .binary:
            buffer.append(#","base64":""#)
            Base64.append(record.payload, to: &buffer)
            buffer.append(#"""#)
        case .text, .mark, .answer:
            appendText(record.payload, to: &buffer)
        }
    }

    private func appendText(_ payload: UnsafeRawBufferPointer, to buffer: inout LineBuffer) {
        buffer.append(#","text":""#)
        JSONString.append(payload, to: &buffer)
        buffer.append(#"""#)
    }
}
