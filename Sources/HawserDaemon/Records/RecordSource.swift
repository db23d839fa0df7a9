/// What records come from, by its kind and its name in the configuration.
enum RecordSource: Sendable, Hashable {
    case subscription(String)
    case request(String)

    /// The member of a record that has the name.
    var key: StaticString {
        switch self {
        case .subscription: "sub"
        case .request: "req"
        }
    }

    var name: String {
        switch self {
        case .subscription(let name), .request(let name): name
        }
    }
}
