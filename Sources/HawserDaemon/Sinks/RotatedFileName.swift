/// The name of a rotated file: `trades.jsonl.20261120T210000Z-0000`, `….gz` when compressed, `….gz.part` while being so.
struct RotatedFileName: Hashable, Comparable {
    enum Form: String, CaseIterable {
        case plain = ""
        case compressed = ".gz"
        case partial = ".gz.part"
    }

    /// The name of the file that is being written, without folder.
    let base: String
    /// The time of the rotation, `YYYYMMDDTHHMMSSZ`.
    let stamp: String
    /// Tells rotations of one second apart.
    let number: Int

    private static let stampLength = 16
    private static let numberLength = 4

    init(base: String, stamp: String, number: Int) {
        self.base = base
        self.stamp = stamp
        self.number = number
    }

    /// The name for a rotation at `wallNanoseconds`: behind all of `existing`, even if the clock was set back.
    init(base: String, at wallNanoseconds: Int64, after existing: some Sequence<RotatedFileName>) {
        let candidate = RotatedFileName(base: base, stamp: Timestamp.basicFormat(wallNanoseconds), number: 0)
        guard let last = existing.max(), last >= candidate else {
            self = candidate
            return
        }
        self.init(base: base, stamp: last.stamp, number: last.number + 1)
    }

    /// Reads a name in the folder; nil if it is no rotated file of `base`.
    static func parse(_ name: String, base: String) -> (name: RotatedFileName, form: Form)? {
        guard name.hasPrefix(base + ".") else { return nil }
        let rest = name.dropFirst(base.count + 1)
        let stamp = rest.prefix(stampLength)
        guard stamp.utf8.count == stampLength, isStamp(stamp), rest.dropFirst(stampLength).first == "-" else {
            return nil
        }
        let digits = rest.dropFirst(stampLength + 1).prefix { $0.isASCII && $0.isNumber }
        guard digits.count >= numberLength, digits.count < 10, let number = Int(digits) else { return nil }
        let suffix = rest.dropFirst(stampLength + 1 + digits.count)
        guard let form = Form(rawValue: String(suffix)) else { return nil }
        return (RotatedFileName(base: base, stamp: String(stamp), number: number), form)
    }

    /// The name of one form, without folder.
    func file(_ form: Form) -> String {
        let digits = String(number)
        let zeros = String(repeating: "0", count: max(0, Self.numberLength - digits.count))
        return "\(base).\(stamp)-\(zeros)\(digits)\(form.rawValue)"
    }

    /// Earlier rotations first.
    static func < (lhs: RotatedFileName, rhs: RotatedFileName) -> Bool {
        (lhs.stamp, lhs.number) < (rhs.stamp, rhs.number)
    }

    private static func isStamp(_ text: Substring) -> Bool {
        text.utf8.enumerated().allSatisfy { index, byte in
            switch index {
            case 8: byte == UInt8(ascii: "T")
            case 15: byte == UInt8(ascii: "Z")
            default: (0x30...0x39).contains(byte)
            }
        }
    }
}
