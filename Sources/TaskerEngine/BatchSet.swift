import TaskerProtocol
import TaskerTemplates

/// The workers that one analyzer made from one worker template (engine contract, section 7): figures that are kept, so
/// that a result costs the same however many siblings it has.
public struct BatchSet: Sendable {
    /// Place of the analyzer's row.
    public let analyzer: Int
    /// The plan's node of the worker template.
    public let node: Int
    /// Places of the workers, in batch order.
    public internal(set) var members: [Int] = []
    public let configuration: BatchConfiguration

    public internal(set) var inFlight = 0
    public internal(set) var waitingForRetry = 0
    public internal(set) var failed = 0
    public internal(set) var satisfied = 0
    /// Workers not yet started, in batch order, from `freshHead` on.
    var fresh: [Int] = []
    var freshHead = 0
    /// Workers that wait for a retry, by its due time. Entries that no longer hold are passed over.
    var retries = RetryQueue()

    init(analyzer: Int, node: Int, configuration: BatchConfiguration) {
        self.analyzer = analyzer
        self.node = node
        self.configuration = configuration
    }

    /// A failed worker holds back those that are not in flight, until an operator mends it.
    public var isHeldByFailure: Bool { configuration.failureStrategy == .failFast && failed > 0 }

    /// All have ended and some have succeeded: dependents go on without the failed ones.
    public var isTolerating: Bool {
        configuration.failureStrategy == .isolate && satisfied > 0 && satisfied + failed == members.count
    }

    public var tolerated: Int { isTolerating ? failed : 0 }

    /// Workers that keep dependents waiting.
    var unsatisfied: Int { members.count - satisfied - tolerated }

    mutating func enqueue(_ place: Int) {
        var low = freshHead
        var high = fresh.count
        while low < high {
            let middle = (low + high) / 2
            if fresh[middle] < place { low = middle + 1 } else { high = middle }
        }
        fresh.insert(place, at: low)
    }

    mutating func countState(_ state: StepState, _ step: Int) {
        if state.isInFlight { inFlight += step }
        if state == .waitingForRetry { waitingForRetry += step }
        if state == .error { failed += step }
        if state.isSatisfied { satisfied += step }
    }
}

/// A binary heap of retries by due time, then place.
struct RetryQueue: Sendable {
    struct Entry: Sendable {
        var due: Timestamp
        var place: Int

        static func < (left: Entry, right: Entry) -> Bool { (left.due, left.place) < (right.due, right.place) }
    }

    private var heap: [Entry] = []

    var first: Entry? { heap.first }

    mutating func insert(_ entry: Entry) {
        heap.append(entry)
        var index = heap.count - 1
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func removeFirst() {
        guard !heap.isEmpty else { return }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }
}
