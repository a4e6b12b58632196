/// The names of everything on the broker (wire protocol, section 1). `prefix` is the setting `TASKER_QUEUE_PREFIX`.
public struct QueueNames: Sendable, Hashable {
    public let prefix: String

    public static let defaultPrefix = "tasker"

    /// - Returns: nil when `prefix` does not match `[a-z][a-z0-9_-]{0,31}`.
    public init?(prefix: String = QueueNames.defaultPrefix) {
        let bytes = Array(prefix.utf8)
        guard (1...32).contains(bytes.count), let first = bytes.first, (0x61...0x7A).contains(first),
            bytes.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F || $0 == 0x2D })
        else { return nil }
        self.prefix = prefix
    }

    private init(checked prefix: String) { self.prefix = prefix }

    public static let standard = QueueNames(checked: defaultPrefix)

    /// The broker's name of a fleet's queue.
    public func steps(_ queue: String) -> String { "\(prefix).steps.\(queue)" }
    public func results(_ partition: Int) -> String { "\(prefix).results.\(partition)" }
    public var requests: String { "\(prefix).requests" }
    public var workers: String { "\(prefix).workers" }
    /// A fanout exchange: cancel notices.
    public var control: String { "\(prefix).control" }
    /// A topic exchange: domain and lifecycle events.
    public var events: String { "\(prefix).events" }
    /// A fanout exchange and the queue behind it: what nobody could use.
    public var dead: String { "\(prefix).dead" }

    /// A fleet's queue name: 1-128 characters of `[A-Za-z0-9_.:@/#-]`.
    public static func isValidQueue(_ queue: String) -> Bool {
        let bytes = queue.utf8
        return (1...128).contains(bytes.count)
            && bytes.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case 0x5F, 0x2E, 0x3A, 0x40, 0x2F, 0x23, 0x2D: true  // _ . : @ / # -
                default: false
                }
            }
    }
}

/// The quality of the queues that hold work.
public enum QueueType: String, Sendable, CaseIterable {
    case quorum, classic
}
