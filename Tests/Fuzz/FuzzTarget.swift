import Glibc

// Compiled into one module with WebSocketProtocol by scripts/fuzz, not by SwiftPM.

/// What is fuzzed. One program has all targets; libFuzzer's engine is the same for each, and the name that the program is
/// started by chooses one.
enum FuzzTarget: String, CaseIterable {
    /// The frame parser without an extension.
    case frames
    /// The frame parser with permessage-deflate.
    case deflated
    /// The answer to the opening handshake.
    case opening
    /// The answer's `Sec-WebSocket-Extensions`.
    case extensions
    /// What was deflated, and what was not, inflated.
    case inflate

    /// Tries one input; ends the process if a property does not hold.
    func run(_ input: inout FuzzInput) {
        switch self {
        case .frames: FrameProperties.check(&input, isDeflated: false)
        case .deflated: FrameProperties.check(&input, isDeflated: true)
        case .opening: OpeningProperties.check(&input)
        case .extensions: ExtensionProperties.check(&input)
        case .inflate: InflateProperties.check(&input)
        }
    }

    /// The target that the program's name says.
    static let chosen: FuzzTarget = {
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init) ?? ""
        guard let target = FuzzTarget(rawValue: name) else {
            broken("started as '\(name)'; it is one of \(allCases.map(\.rawValue))")
        }
        return target
    }()
}

/// Called by libFuzzer for each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    var input = FuzzInput(UnsafeBufferPointer(start: data, count: size))
    FuzzTarget.chosen.run(&input)
    return 0
}

/// Ends the process as a finding, with the reason on standard error.
func broken(_ reason: String) -> Never {
    let text = Array("fuzz: \(reason)\n".utf8)
    _ = text.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    abort()
}

/// Ends the process as a finding unless `condition` holds.
func require(_ condition: Bool, _ reason: @autoclosure () -> String) {
    if !condition { broken(reason()) }
}
