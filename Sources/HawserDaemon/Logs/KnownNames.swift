import Glibc

/// Finds the names of a closed list by their bytes, without making a text of them: a log has the same few names in each
/// line.
struct KnownNames<Name: RawRepresentable & CaseIterable & Sendable>: Sendable where Name.RawValue == String {
    private struct Known {
        var name: Name
        var bytes: [UInt8]
    }

    private let names: [UInt64: Known]

    /// Finds the names of the list.
    init() {
        var names: [UInt64: Known] = [:]
        for name in Name.allCases {
            let known = Known(name: name, bytes: Array(name.rawValue.utf8))
            let hash = known.bytes.withUnsafeBytes(Self.hash)
            // Of two with one hash the second is found as any other name is: by its text.
            if names[hash] == nil { names[hash] = known }
        }
        self.names = names
    }

    /// The name whose bytes these are; nil also for one that has to be looked up by its text.
    func find(_ bytes: UnsafeRawBufferPointer) -> Name? {
        guard let known = names[Self.hash(bytes)], known.bytes.count == bytes.count else { return nil }
        let isSame = known.bytes.withUnsafeBytes { own in
            guard let left = own.baseAddress, let right = bytes.baseAddress else { return bytes.isEmpty }
            return memcmp(left, right, bytes.count) == 0
        }
        return isSame ? known.name : nil
    }

    /// FNV-1a.
    private static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}
