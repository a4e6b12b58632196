import TaskerMessaging

/// The messages of one ``Broker/publish(_:completion:)`` on their way.
final class PublishBatch {
    private let completion: @Sendable ([PublishResult]) -> Void
    private var results: [PublishResult] = []
    private let count: Int

    init(count: Int, completion: @escaping @Sendable ([PublishResult]) -> Void) {
        self.count = count
        self.completion = completion
    }

    /// - Returns: whether this is the first result since the last ``report()``.
    func add(_ token: UInt64, _ outcome: PublishOutcome) -> Bool {
        if results.isEmpty { results.reserveCapacity(count) }
        results.append(PublishResult(token: token, outcome: outcome))
        return results.count == 1
    }

    func report() {
        guard !results.isEmpty else { return }
        let group = results
        results = []
        completion(group)
    }
}
