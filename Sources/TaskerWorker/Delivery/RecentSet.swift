/// The last `capacity` ids that were inserted, each until `lifetime` after its insertion. A ring: memory is bounded.
struct RecentSet<Element: Hashable & Sendable>: Sendable {
    private var ring: [Element] = []
    private var next = 0
    private var insertedAt: [Element: Timestamp] = [:]
    private let capacity: Int
    private let lifetime: Duration?

    init(capacity: Int, lifetime: Duration? = nil) {
        self.capacity = capacity
        self.lifetime = lifetime
    }

    var count: Int { insertedAt.count }

    mutating func insert(_ element: Element, at now: Timestamp) {
        // Known already: only its age is renewed.
        if insertedAt.updateValue(now, forKey: element) != nil { return }
        if ring.count < capacity {
            ring.append(element)
        } else {
            insertedAt[ring[next]] = nil
            ring[next] = element
            next = (next + 1) % capacity
        }
    }

    func contains(_ element: Element, at now: Timestamp) -> Bool {
        guard let time = insertedAt[element] else { return false }
        guard let lifetime else { return true }
        return now < time.advanced(by: lifetime)
    }
}
