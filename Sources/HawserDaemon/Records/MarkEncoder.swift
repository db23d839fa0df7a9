/// Writes a mark's members as they stand in a line behind `"sub"`, without the closing brace.
enum MarkEncoder {
    static func encodedMembers(of mark: Mark) -> [UInt8] {
        var buffer = LineBuffer(capacity: 256)
        switch mark {
        case .opened(let session):
            append(#""session":"#, UInt64(session), to: &buffer)
            buffer.append(#","mark":"opened""#)
        case .closed(let closed):
            append(closed, to: &buffer)
        case .gap(let gap):
            append(gap, to: &buffer)
        }
        return buffer.withBytes { Array($0) }
    }

    private static func append(_ closed: Mark.Closed, to buffer: inout LineBuffer) {
        append(#""session":"#, UInt64(closed.session), to: &buffer)
        append(#","mark":"closed","outcome":"#, closed.outcome.rawValue, to: &buffer)
        if let code = closed.closeCode {
            append(#","close_code":"#, UInt64(code), to: &buffer)
        }
        if !closed.closeReason.isEmpty {
            append(#","close_reason":"#, closed.closeReason, to: &buffer)
        }
        append(#","messages":"#, closed.messages, to: &buffer)
    }

    private static func append(_ gap: Mark.Gap, to buffer: inout LineBuffer) {
        buffer.append(#""mark":"gap""#)
        append(#","from":""#, time: gap.from, to: &buffer)
        append(#","to":""#, time: gap.to, to: &buffer)
        append(#","cause":"#, gap.cause.rawValue, to: &buffer)
        append(#","after":"#, gap.after, to: &buffer)
        append(#","before":"#, gap.before, to: &buffer)
        if let dropped = gap.dropped {
            append(#","dropped":"#, dropped, to: &buffer)
        }
    }

    private static func append(_ name: StaticString, _ number: UInt64, to buffer: inout LineBuffer) {
        buffer.append(name)
        buffer.append(decimal: number)
    }

    private static func append(_ name: StaticString, _ text: String, to buffer: inout LineBuffer) {
        buffer.append(name)
        buffer.append(#"""#)
        JSONString.append(text, to: &buffer)
        buffer.append(#"""#)
    }

    private static func append(_ name: StaticString, time: Int64?, to buffer: inout LineBuffer) {
        guard let time else { return }
        var timestamp = Timestamp()
        buffer.append(name)
        timestamp.append(time, to: &buffer)
        buffer.append(#"""#)
    }

    private static func append(_ name: StaticString, _ position: RecordPosition?, to buffer: inout LineBuffer) {
        guard let position else { return }
        buffer.append(name)
        append(#"{"session":"#, UInt64(position.session), to: &buffer)
        append(#","seq":"#, position.sequence, to: &buffer)
        buffer.append("}")
    }
}
