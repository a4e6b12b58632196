/// A shell pattern of paths: `*`, `?`, `[abc]`, `[a-z]`, `[!a]`, `{yml,yaml}`, and `**` for any number of directories.
/// Names that start with a point are matched only where the pattern says the point.
struct GlobPattern: Sendable {
    /// Where the search starts: everything before the first name with a wildcard.
    let root: String
    /// The rest, name by name.
    let names: [String]

    static func isPattern(_ text: String) -> Bool { text.contains { "*?[{".contains($0) } }

    /// Every pattern that the braces of a text stand for, at most 100.
    static func expanding(_ text: String) -> [GlobPattern] { expandBraces(text).prefix(100).map(GlobPattern.init) }

    /// A pattern below a directory whose own name is no pattern, whatever characters it has.
    init(root: String, names: [String]) {
        self.root = root
        self.names = names
    }

    private init(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: true).map(String.init)
        let fixed = parts.prefix { !Self.isPattern($0) }
        let path = fixed.joined(separator: "/")
        root = text.hasPrefix("/") ? "/" + path : path.isEmpty ? "." : path
        // Neighbouring `**` say no more than one, and would be walked again and again.
        names = parts.dropFirst(fixed.count).reduce(into: []) { names, name in
            if name != "**" || names.last != "**" { names.append(name) }
        }
    }

    private static func expandBraces(_ text: String) -> [String] {
        var pending = [text]
        var results: [String] = []
        while let next = pending.popLast(), results.count + pending.count < 200 {
            guard let open = next.firstIndex(of: "{"), let close = next[open...].firstIndex(of: "}") else {
                results.append(next)
                continue
            }
            let head = String(next[..<open])
            let tail = String(next[next.index(after: close)...])
            let choices = next[next.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false)
            for choice in choices { pending.append(head + choice + tail) }
        }
        return results
    }

    /// Whether one name of a path matches one name of a pattern.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        if name.hasPrefix("."), !pattern.hasPrefix(".") { return false }
        let text = Array(name.unicodeScalars)
        let parts = Array(pattern.unicodeScalars)
        var at = 0
        var place = 0
        /// The last `*`, and what it has taken so far: on failure it takes one more.
        var star: (place: Int, at: Int)?
        while at < text.count {
            if place < parts.count, parts[place] == "*" {
                star = (place, at)
                place += 1
            } else if let next = step(text[at], parts, place) {
                at += 1
                place = next
            } else if let last = star {
                star = (last.place, last.at + 1)
                (at, place) = (last.at + 1, last.place + 1)
            } else {
                return false
            }
        }
        return parts[place...].allSatisfy { $0 == "*" }
    }

    /// The place after a part of the pattern that takes the character, nil when it does not.
    private static func step(_ scalar: Unicode.Scalar, _ pattern: [Unicode.Scalar], _ place: Int) -> Int? {
        guard place < pattern.count else { return nil }
        guard pattern[place] == "[", let close = pattern[(place + 1)...].dropFirst().firstIndex(of: "]") else {
            return pattern[place] == "?" || pattern[place] == scalar ? place + 1 : nil
        }
        var set = pattern[(place + 1)..<close]
        let isInverse = set.first == "!" || set.first == "^"
        if isInverse { set = set.dropFirst() }
        var found = false
        while let first = set.popFirst() {
            if set.count >= 2, set.first == "-", let last = set.dropFirst().first {
                found = found || (first <= last && (first...last).contains(scalar))
                set = set.dropFirst(2)
            } else {
                found = found || first == scalar
            }
        }
        return found != isInverse ? close + 1 : nil
    }
}
