import Foundation
import Testing

@testable import HawserDaemon

@Suite("Members of a JSON object")
struct JSONMembersTests {
    @Test("numbers, truth values, shares, objects in objects and texts come as others read them")
    func line() throws {
        var members = JSONMembers()
        members.number("n", .min)
        members.share("half", 0.5)
        members.share("small", 0.0000019)
        members.share("all", 7)
        members.object("outer") { outer in
            outer.object("empty") { _ in }
            outer.counts("counts", [("b", 2), ("a\"", 1)])
            outer.truth("yes", true)
        }
        members.text("last", "x\n")
        let line = members.line()
        let expected =
            #"{"n":-9223372036854775808,"half":0.500000,"small":0.000001,"all":1.000000,"#
            + #""outer":{"empty":{},"counts":{"a\"":1,"b":2},"yes":true},"last":"x\n"}"#
        #expect(String(decoding: line, as: UTF8.self) == expected + "\n")
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line)) }
    }
}
