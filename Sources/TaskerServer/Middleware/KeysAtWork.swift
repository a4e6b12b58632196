import Synchronization

/// Idempotency keys that a request of this process works under at this moment.
final class KeysAtWork: Sendable {
    enum Turn: Sendable {
        case mine
        /// The same request is at work.
        case taken
        case otherRequest
    }

    /// Hashes of requests by key.
    private let requests = Mutex<[String: String]>([:])

    func begin(_ key: String, hash: String) -> Turn {
        requests.withLock { requests in
            if let other = requests[key] { return other == hash ? .taken : .otherRequest }
            requests[key] = hash
            return .mine
        }
    }

    func end(_ key: String) { requests.withLock { $0[key] = nil } }
}
