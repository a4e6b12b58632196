import Synchronization
import TaskerMessaging

/// The id of a consumer as its own callbacks know it: `consume` gives it back only after the first events may have come.
final class ConsumerIdentity: Sendable {
    private let id = Mutex<ConsumerID?>(nil)

    var consumer: ConsumerID? { id.withLock { $0 } }
    func remember(_ consumer: ConsumerID) { id.withLock { $0 = consumer } }
}
