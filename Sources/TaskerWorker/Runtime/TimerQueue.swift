/// Timers by name: setting one again moves it. A heap with the cancelled entries left in until they come up or make
/// up half of it, so that the three timers of a short step cost next to nothing.
struct TimerQueue<Name: Hashable> {
    private struct Entry {
        var due: ContinuousClock.Instant
        var generation: UInt64
        var name: Name
    }

    private var heap: [Entry] = []
    private var live: [Name: UInt64] = [:]
    private var lastGeneration: UInt64 = 0

    var count: Int { live.count }
    /// With those that were cancelled and not yet removed.
    var storedCount: Int { heap.count }

    /// When the next one may be due; a cancelled one may be named, which only wakes the loop once.
    var next: ContinuousClock.Instant? { heap.first?.due }

    mutating func set(_ name: Name, at due: ContinuousClock.Instant) {
        lastGeneration += 1
        live[name] = lastGeneration
        heap.append(Entry(due: due, generation: lastGeneration, name: name))
        siftUp(heap.count - 1)
        compactIfWorthIt()
    }

    mutating func cancel(_ name: Name) {
        live[name] = nil
        compactIfWorthIt()
    }

    /// The next one that is due, nil when there is none.
    mutating func pop(dueBy now: ContinuousClock.Instant) -> Name? {
        while let first = heap.first, first.due <= now {
            removeFirst()
            guard live[first.name] == first.generation else { continue }
            live[first.name] = nil
            return first.name
        }
        return nil
    }

    private mutating func compactIfWorthIt() {
        guard heap.count > 64, heap.count > 2 * live.count else { return }
        heap = heap.filter { live[$0.name] == $0.generation }.sorted { $0.due < $1.due }
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child].due < heap[least].due {
                least = child
            }
            if least == index { return }
            heap.swapAt(index, least)
            index = least
        }
    }

    private mutating func siftUp(_ start: Int) {
        var index = start
        while index > 0, heap[index].due < heap[(index - 1) / 2].due {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }
}
