/// A part of the configuration that has a name, by which it is known before and after a reload.
protocol NamedConfiguration: Sendable, Equatable {
    /// Its name, different from that of every other of its kind.
    var name: String { get }
}

extension SubscriptionConfiguration: NamedConfiguration {}
extension RequestConfiguration: NamedConfiguration {}
extension SinkConfiguration: NamedConfiguration {}

/// How much something differs from what had its name before.
enum ConfigurationDifference: Sendable {
    /// Not at all.
    case none
    /// In something that can be taken over while it goes on.
    case adjusted
    /// So much that it has to begin anew.
    case changed
}

/// What became of a list of named things, such as the subscriptions. Where each stands in the list does not matter, but
/// for the order in which they are told of.
struct NamedChange<Item: NamedConfiguration>: Sendable, Equatable {
    /// Those that are as before.
    private(set) var unchanged: [String] = []
    /// Those that go on, with what is new about them.
    private(set) var adjusted: [Item] = []
    /// Those that begin anew.
    private(set) var changed: [Item] = []
    /// Those that were not there before.
    private(set) var added: [Item] = []
    /// Those that are not there any more, in the order of the list before.
    private(set) var removed: [String] = []
    /// The names of the list after, in its order.
    private let order: [String]

    /// What leads from `old` to `new`.
    ///
    /// - Parameter difference: compares one of `new` with the one of its name in `old`.
    init(from old: [Item], to new: [Item], _ difference: (_ old: Item, _ new: Item) -> ConfigurationDifference) {
        order = new.map(\.name)
        let before = Dictionary(old.map { ($0.name, $0) }) { first, _ in first }
        for item in new {
            guard let earlier = before[item.name] else {
                added.append(item)
                continue
            }
            switch difference(earlier, item) {
            case .none: unchanged.append(item.name)
            case .adjusted: adjusted.append(item)
            case .changed: changed.append(item)
            }
        }
        let names = Set(order)
        removed = old.map(\.name).filter { !names.contains($0) }
    }

    /// Whether nothing has to be done.
    var isEmpty: Bool { adjusted.isEmpty && changed.isEmpty && added.isEmpty && removed.isEmpty }

    /// The list after, made of the list before.
    func applied(to old: [Item]) -> [Item] {
        let kept = Set(unchanged)
        let items = old.filter { kept.contains($0.name) } + adjusted + changed + added
        let byName = Dictionary(items.map { ($0.name, $0) }) { first, _ in first }
        return order.compactMap { byName[$0] }
    }
}
