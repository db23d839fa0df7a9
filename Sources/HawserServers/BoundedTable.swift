/// A dictionary with an end: when it is full, the key that was added first makes room for a new one.
struct BoundedTable<Value> {
    private let capacity: Int
    private var values: [String: Value] = [:]
    /// The keys as they were added, as a ring once it is full.
    private var order: [String] = []
    private var oldest = 0

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    var count: Int { values.count }

    subscript(key: String) -> Value? { values[key] }

    /// Sets the value of `key`; a new key may put the oldest one out.
    mutating func set(_ value: Value, for key: String) {
        guard values.updateValue(value, forKey: key) == nil else { return }
        guard order.count == capacity else { return order.append(key) }
        values[order[oldest]] = nil
        order[oldest] = key
        oldest = (oldest + 1) % capacity
    }
}
