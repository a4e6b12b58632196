import TaskerProtocol

/// The one clock and the one scheduler of a simulated world: what happens next is the event with the least time, and all
/// times are drawn from the seed. There is no other source of order.
final class SimulationClock {
    private struct Entry {
        var time: Int64
        var number: Int
        var action: () -> Void
    }

    /// Microseconds since the world began.
    private(set) var now: Int64 = 0
    private(set) var steps = 0
    private var heap: [Entry] = []
    private var number = 0

    static let epoch: Int64 = 1_800_000_000_000

    var isEmpty: Bool { heap.isEmpty }

    func after(_ delay: Int64, _ action: @escaping () -> Void) { at(now + max(0, delay), action) }

    func at(_ time: Int64, _ action: @escaping () -> Void) {
        number += 1
        heap.append(Entry(time: max(time, now), number: number, action: action))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Lets the next thing happen.
    /// - Returns: false when nothing is left.
    func step() -> Bool {
        guard let first = heap.first else { return false }
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        sink()
        now = first.time
        steps += 1
        first.action()
        return true
    }

    /// Breaks the references from the world to itself.
    func clear() { heap = [] }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (heap[left].time, heap[left].number) < (heap[right].time, heap[right].number)
    }

    private func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}

/// The last events of a run and a hash of all of them.
final class SimulationTrace {
    private(set) var hash = TraceHash()
    private(set) var count = 0
    private var last: [String] = []
    private let limit: Int
    private let clock: SimulationClock

    init(clock: SimulationClock, limit: Int) {
        self.clock = clock
        self.limit = limit
    }

    func note(_ text: String) {
        count += 1
        hash.add(text.utf8)
        withUnsafeBytes(of: clock.now.littleEndian) { hash.add($0) }
        last.append("\(seconds)  \(text)")
        if last.count >= 2 * limit { last.removeFirst(last.count - limit) }
    }

    var tail: [String] { last.suffix(limit) }

    private var seconds: String {
        let milliseconds = clock.now / 1000
        let text = "\(milliseconds / 1000).\(1000 + milliseconds % 1000)"
        // 12.1034 -> 12.034
        guard let dot = text.firstIndex(of: ".") else { return text }
        return String(text[...dot] + text[text.index(dot, offsetBy: 2)...])
    }
}

extension Identifier {
    /// Enough of an id to tell it from others in a trace.
    var short: String { String(description.suffix(6)) }
}

let millisecond: Int64 = 1000
let second: Int64 = 1_000_000
