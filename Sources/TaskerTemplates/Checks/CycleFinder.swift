/// Finds one shortest cycle in each strongly connected group.
struct CycleFinder {
    private let edges: [[Int]]

    init(_ edges: [[Int]]) { self.edges = edges }

    /// Each from its lowest number on, following the edges, in the order of these numbers.
    func shortestCycles() -> [[Int]] {
        groups().compactMap(shortestCycle).map { cycle in
            guard let lowest = cycle.min(), let start = cycle.firstIndex(of: lowest) else { return cycle }
            return Array(cycle[start...] + cycle[..<start])
        }.sorted { $0[0] < $1[0] }
    }

    /// Strongly connected groups of two or more, by Tarjan's algorithm with a stack of its own: recursion would be as
    /// deep as the template has steps.
    private func groups() -> [[Int]] {
        var groups: [[Int]] = []
        var number = [Int](repeating: -1, count: edges.count)
        var low = number
        var isOnStack = [Bool](repeating: false, count: edges.count)
        var stack: [Int] = []
        var counter = 0
        var calls: [(node: Int, nextEdge: Int)] = []
        for root in edges.indices where number[root] < 0 {
            calls.append((root, 0))
            while let call = calls.last {
                let node = call.node
                if call.nextEdge == 0 {
                    number[node] = counter
                    low[node] = counter
                    counter += 1
                    stack.append(node)
                    isOnStack[node] = true
                }
                if call.nextEdge < edges[node].count {
                    calls[calls.count - 1].nextEdge += 1
                    let target = edges[node][call.nextEdge]
                    if number[target] < 0 {
                        calls.append((target, 0))
                    } else if isOnStack[target] {
                        low[node] = min(low[node], number[target])
                    }
                    continue
                }
                calls.removeLast()
                if let caller = calls.last?.node { low[caller] = min(low[caller], low[node]) }
                guard low[node] == number[node] else { continue }
                var group: [Int] = []
                repeat {
                    group.append(stack.removeLast())
                    isOnStack[group[group.count - 1]] = false
                } while group[group.count - 1] != node
                if group.count > 1 { groups.append(group.sorted()) }
            }
        }
        return groups
    }

    private func shortestCycle(in group: [Int]) -> [Int]? {
        var search = CycleSearch(group, edges)
        return search.run()
    }
}

/// The shortest cycle of one strongly connected group: breadth first from every step, each step being taken out of the
/// group afterwards, together with those that are then on no cycle any more. Work on a large group is bounded; when the
/// bound is met the shortest cycle so far is given.
private struct CycleSearch {
    private let members: [Int]
    /// Within the group, by place in `members`.
    private let targets: [[Int]]
    private var sources: [[Int]]
    private var isAlive: [Bool]
    private var outgoing: [Int]
    private var incoming: [Int]
    private var work = 20_000_000

    init(_ members: [Int], _ edges: [[Int]]) {
        self.members = members
        let place = Dictionary(uniqueKeysWithValues: members.enumerated().map { ($1, $0) })
        targets = members.map { edges[$0].compactMap { place[$0] } }
        var sources = [[Int]](repeating: [], count: members.count)
        for (node, targets) in targets.enumerated() {
            for target in targets { sources[target].append(node) }
        }
        self.sources = sources
        isAlive = [Bool](repeating: true, count: members.count)
        outgoing = targets.map(\.count)
        incoming = sources.map(\.count)
    }

    mutating func run() -> [Int]? {
        var best: [Int]?
        for start in members.indices where isAlive[start] {
            if let cycle = cycle(through: start, shorterThan: best?.count ?? .max) { best = cycle }
            if best?.count == 2 || work <= 0 { break }
            remove(start)
        }
        return best.map { $0.map { members[$0] } }
    }

    private mutating func cycle(through start: Int, shorterThan limit: Int) -> [Int]? {
        var parent = [Int](repeating: -1, count: members.count)
        var level = [start]
        var length = 1
        while !level.isEmpty, length < limit {
            var next: [Int] = []
            for node in level {
                work -= targets[node].count
                for target in targets[node] where isAlive[target] {
                    if target == start {
                        var path = [node]
                        while let last = path.last, last != start { path.append(parent[last]) }
                        return path.reversed()
                    }
                    guard parent[target] < 0 else { continue }
                    parent[target] = node
                    next.append(target)
                }
            }
            level = next
            length += 1
        }
        return nil
    }

    private mutating func remove(_ node: Int) {
        var pending = [node]
        while let node = pending.popLast() {
            guard isAlive[node] else { continue }
            isAlive[node] = false
            for target in targets[node] where isAlive[target] {
                incoming[target] -= 1
                if incoming[target] == 0 { pending.append(target) }
            }
            for source in sources[node] where isAlive[source] {
                outgoing[source] -= 1
                if outgoing[source] == 0 { pending.append(source) }
            }
        }
    }
}
