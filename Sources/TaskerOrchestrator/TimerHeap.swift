import TaskerEngine
import TaskerProtocol

/// A due time somewhere. One whose step has no such timer any more is dropped when its time comes, or when there are too
/// many of them.
struct TimerEntry: Comparable {
    var due: Timestamp
    var task: TaskID
    var step: StepID
    var place: Int
    var timer: StepTimer

    static func < (left: TimerEntry, right: TimerEntry) -> Bool { left.due < right.due }
}

/// A binary heap, the earliest first.
struct TimerHeap {
    private var entries: [TimerEntry] = []

    var count: Int { entries.count }
    var earliest: Timestamp? { entries.first?.due }

    mutating func insert(_ entry: TimerEntry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child] < entries[parent] else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    /// The earliest entry if it is due.
    mutating func popDue(at now: Timestamp) -> TimerEntry? {
        guard let first = entries.first, first.due <= now else { return nil }
        let last = entries.removeLast()
        if !entries.isEmpty {
            entries[0] = last
            sink(0)
        }
        return first
    }

    mutating func retain(_ isAlive: (TimerEntry) -> Bool) {
        entries.removeAll { !isAlive($0) }
        for parent in (0..<entries.count / 2).reversed() { sink(parent) }
    }

    private mutating func sink(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && entries[child] < entries[least]
            {
                least = child
            }
            guard least != parent else { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }
}
