import Logging

/// One JSON object a line: `time`, `level`, `event`, `message`, then the fields. Numbers stay numbers.
public struct JSONLogFormatter: LogLineFormatter {
    /// A formatter.
    public init() {}

    /// The line as one JSON object and a newline.
    public func format(_ line: LogLine) -> [UInt8] {
        var output = LineBuffer(capacity: 512)
        var timestamp = Timestamp()
        output.append(#"{"time":""#)
        timestamp.append(line.wallNanoseconds, to: &output)
        output.append(#"","level":"#)
        append(line.level.rawValue, to: &output)
        output.append(#","event":"#)
        append(line.event, to: &output)
        output.append(#","message":"#)
        append(line.message, to: &output)
        for (key, value) in line.fields {
            output.append(",")
            append(key, to: &output)
            output.append(":")
            switch value {
            case .stringConvertible(let number as Int): append(bare: String(number), to: &output)
            case .stringConvertible(let truth as Bool): append(bare: truth ? "true" : "false", to: &output)
            default: append(LogLine.text(value), to: &output)
            }
        }
        output.append("}\n")
        return output.withBytes { Array($0) }
    }

    private func append(_ text: String, to output: inout LineBuffer) {
        output.append(#"""#)
        JSONString.append(text, to: &output)
        output.append(#"""#)
    }

    private func append(bare text: String, to output: inout LineBuffer) {
        var text = text
        text.withUTF8 { output.append(UnsafeRawBufferPointer($0)) }
    }
}
