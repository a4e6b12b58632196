import Synchronization
import TaskerStore

/// The events of one commit, one copy for all who listen: what waits for hundreds of slow readers costs no more than what
/// waits for one.
public final class EventBatch: Sendable {
    /// In the order of their numbers, at least one.
    public let events: [LifecycleEvent]
    private let texts = Mutex<[String]?>(nil)

    init(_ events: [LifecycleEvent]) {
        self.events = events
    }

    /// The events' texts, made by the first who asks.
    /// - Parameter text: the same for all who ask.
    public func texts(_ text: (LifecycleEvent) -> String) -> [String] {
        texts.withLock { texts in
            if let texts { return texts }
            let made = events.map(text)
            texts = made
            return made
        }
    }
}
