import TaskerEngine
import TaskerProtocol

/// When to look at tasks whose limits act (engine contract, section 11): a heap of due times, of which the newest per
/// task holds.
struct StalenessWatch {
    private struct Entry: Comparable {
        var due: Timestamp
        var task: TaskID

        static func < (left: Entry, right: Entry) -> Bool { (left.due, left.task) < (right.due, right.task) }
    }

    private var heap: [Entry] = []
    private var dues: [TaskID: Timestamp] = [:]

    var earliest: Timestamp? { heap.first?.due }
    var count: Int { dues.count }
    /// Entries, those that hold no more included.
    var size: Int { heap.count }

    mutating func set(_ task: TaskID, due: Timestamp?) {
        guard let due else {
            dues[task] = nil
            return
        }
        guard dues[task] != due else { return }
        dues[task] = due
        if heap.count > 64 + 2 * dues.count {
            // Limits may lie days ahead, long after their tasks have ended. A sorted list is a heap.
            heap = dues.map { Entry(due: $0.value, task: $0.key) }.sorted()
            return
        }
        heap.append(Entry(due: due, task: task))
        var child = heap.count - 1
        while child > 0, heap[child] < heap[(child - 1) / 2] {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Tasks to look at now; each is forgotten until it is set again.
    mutating func takeDue(at now: Timestamp) -> [TaskID] {
        var due: [TaskID] = []
        while let first = heap.first, first.due <= now {
            removeFirst()
            if dues[first.task] == first.due {
                dues[first.task] = nil
                due.append(first.task)
            }
        }
        return due
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// What the engine remarked, counted since the start.
public struct RemarkCounts: Sendable, Hashable {
    public var invalidEventPayloads = 0
    public var undeclaredEvents = 0
    public var resultSchemaViolations = 0
    public var staleTasks = 0
}
