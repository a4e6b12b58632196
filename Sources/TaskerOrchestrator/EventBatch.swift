import Synchronization
import TaskerStore

/// The events of one commit, one copy for all who listen: what waits for hundreds of slow readers costs no more than what
/// waits for one.
public final class EventBatch: Sendable {
    /// In the order of their numbers, at least one.
    public let events: [LifecycleEvent]
    private let texts: Mutex<[String?]>

    init(_ events: [LifecycleEvent]) {
        self.events = events
        texts = Mutex([String?](repeating: nil, count: events.count))
    }

    /// The text of the event at an index, made by the first who asks for it.
    /// - Parameter make: the same for all who ask.
    public func text(at index: Int, _ make: (LifecycleEvent) -> String) -> String {
        texts.withLock { texts in
            if let text = texts[index] { return text }
            let made = make(events[index])
            texts[index] = made
            return made
        }
    }
}
