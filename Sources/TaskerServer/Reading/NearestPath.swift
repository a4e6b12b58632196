import Synchronization
import TaskerOrchestrator

/// Knows all paths, for "did you mean" where there is nothing.
final class NearestPath: Sendable {
    /// Patterns such as `/v1/tasks/{uuid}`, sorted.
    private let patterns = Mutex<[String]>([])

    /// Called once, when all routes are there.
    func learn(_ paths: some Sequence<String>) { patterns.withLock { $0 = Set(paths).sorted() } }

    /// The pattern that differs least; nil when even that has little in common with the path.
    func pattern(for path: String) -> String? {
        let parts = path.prefix(1000).split(separator: "/").prefix(20).map { String($0.prefix(80)) }
        let candidates = patterns.withLock { $0 }.map { pattern in
            let wanted = pattern.split(separator: "/").map(String.init)
            let size = Double(max(parts.count, wanted.count, 1))
            return (pattern: pattern, share: Self.distance(parts, wanted) / size)
        }
        guard let best = candidates.min(by: { $0.share < $1.share }) else { return nil }
        return best.share <= 0.6 ? best.pattern : nil
    }

    /// Edit distance over the parts of two paths: 1 for one that is too much or missing, less for one that is similar.
    private static func distance(_ parts: [String], _ pattern: [String]) -> Double {
        var row = (0...pattern.count).map(Double.init)
        for (i, part) in parts.enumerated() {
            var diagonal = row[0]
            row[0] = Double(i + 1)
            for (j, wanted) in pattern.enumerated() {
                let substitution = diagonal + difference(part, wanted)
                diagonal = row[j + 1]
                row[j + 1] = min(substitution, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[pattern.count]
    }

    private static func difference(_ part: String, _ wanted: String) -> Double {
        // A parameter takes anything, but a word that fits is better.
        if wanted.hasPrefix("{") { return 0.25 }
        if part == wanted { return 0 }
        let longest = max(part.unicodeScalars.count, wanted.unicodeScalars.count)
        return Double(editDistance(part, wanted)) / Double(max(1, longest))
    }
}
