/// A request that is not answered as asked, and ends its connection.
struct HTTPRequestFault: Error, Hashable {
    /// The status code of the answer.
    let status: Int
    /// What is wrong with it, for a person.
    let reason: String

    init(_ status: Int, _ reason: String) {
        self.status = status
        self.reason = reason
    }
}
