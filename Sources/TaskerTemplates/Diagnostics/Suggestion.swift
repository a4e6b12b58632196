/// Did-you-mean: the known name that was probably meant.
public enum Suggestion {
    /// The nearest candidate within distance 2 (1 when either name is shorter than 5), nil when none is near. A candidate
    /// that differs in case or in `-` for `_` only is always near.
    public static func nearest(to name: String, among candidates: some Collection<String>) -> String? {
        let wanted = Array(name.unicodeScalars.prefix(300))
        let folded = fold(name)
        var best: (name: String, distance: Int)?
        for candidate in candidates where candidate != name {
            let known = Array(candidate.unicodeScalars)
            guard abs(known.count - wanted.count) <= 2 else { continue }
            let limit = min(known.count, wanted.count) < 5 ? 1 : 2
            let distance = fold(candidate) == folded ? 0 : damerauLevenshtein(wanted, known)
            guard distance <= limit else { continue }
            if let found = best, (found.distance, found.name) <= (distance, candidate) { continue }
            best = (candidate, distance)
        }
        return best?.name
    }

    private static func fold(_ name: String) -> String {
        String(name.lowercased().map { $0 == "-" ? "_" : $0 })
    }

    /// Insertions, deletions, substitutions and transpositions of neighbours, edits in between allowed.
    static func damerauLevenshtein<Element: Hashable>(_ left: [Element], _ right: [Element]) -> Int {
        if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
        let width = right.count + 2
        let far = left.count + right.count
        var table = [Int](repeating: 0, count: (left.count + 2) * width)
        table[0] = far
        for row in 0...left.count {
            table[(row + 1) * width] = far
            table[(row + 1) * width + 1] = row
        }
        for column in 0...right.count {
            table[column + 1] = far
            table[width + column + 1] = column
        }
        var lastRow: [Element: Int] = [:]
        for row in 1...left.count {
            var lastColumn = 0
            for column in 1...right.count {
                let matchRow = lastRow[right[column - 1]] ?? 0
                let matchColumn = lastColumn
                let same = left[row - 1] == right[column - 1]
                if same { lastColumn = column }
                let substitution = table[row * width + column] + (same ? 0 : 1)
                let insertion = table[(row + 1) * width + column] + 1
                let deletion = table[row * width + column + 1] + 1
                let transposition =
                    table[matchRow * width + matchColumn] + (row - matchRow - 1) + 1 + (column - matchColumn - 1)
                table[(row + 1) * width + column + 1] = min(substitution, insertion, deletion, transposition)
            }
            lastRow[left[row - 1]] = row
        }
        return table[(left.count + 1) * width + right.count + 1]
    }
}
