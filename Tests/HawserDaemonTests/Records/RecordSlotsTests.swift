import TestSupport
import Testing

@testable import HawserDaemon

/// The indices by which records name where they come from.
@Suite("Record slots")
struct RecordSlotsTests {
    private func sources(_ names: String) -> [RecordSource] {
        names.map { $0.isUppercase ? .request(String($0)) : .subscription(String($0)) }
    }

    @Test("who stays keeps its index, and one that is given up is free after the next change")
    func reuse() {
        var slots = RecordSlots(sources("abR"))
        #expect(slots.sources == sources("abR"))
        slots.change(to: sources("bRc"))
        #expect(slots.sources == sources("abRc"), "records of a may still come")
        slots.change(to: sources("dbRc"))
        #expect(slots.sources == sources("dbRc"))
        #expect(slots.index(of: .subscription("d")) == 0)
        slots.change(to: [])
        slots.change(to: sources("r"))
        #expect(slots.sources == [.subscription("r"), nil, nil, nil])
        #expect(slots.index(of: .request("R")) == .max)
    }

    @Test("one that comes back at the next change has the index that it had")
    func comeback() {
        var slots = RecordSlots(sources("ab"))
        slots.change(to: sources("b"))
        slots.change(to: sources("ba"))
        #expect(slots.index(of: .subscription("a")) == 0)
    }

    @Test("random changes: each source has one index for as long as it is there, and the table does not grow")
    func property() {
        var generator = SeededGenerator("record slots")
        var slots = RecordSlots([])
        var before: [RecordSource: UInt32] = [:]
        for _ in 0..<500 {
            let wanted = sources("abcdefghKLMN").filter { _ in Bool.random(using: &generator) }
            slots.change(to: wanted)
            let now = Dictionary(uniqueKeysWithValues: wanted.map { ($0, slots.index(of: $0)) })
            #expect(Set(now.values).count == wanted.count)
            for (source, index) in now {
                #expect(slots.sources[Int(index)] == source)
                if let earlier = before[source] { #expect(earlier == index) }
            }
            // Records of those that have just gone still find their name.
            for (source, index) in before { #expect(slots.sources[Int(index)] == source) }
            #expect(slots.sources.count <= 24)
            before = now
        }
    }
}
