/// The patterns of names.
enum Names {
    /// `[A-Za-z_][A-Za-z0-9_.-]*`, templates and steps.
    static func isName(_ text: String) -> Bool {
        matches(text, first: isLetterOrUnderscore) { isWord($0) || isIn($0, ".-") }
    }

    /// `[A-Za-z_][A-Za-z0-9_-]*`
    static func isNamespace(_ text: String) -> Bool {
        matches(text, first: isLetterOrUnderscore) { isWord($0) || isIn($0, "-") }
    }

    /// `[A-Za-z0-9][A-Za-z0-9_.+-]*`
    static func isVersion(_ text: String) -> Bool {
        matches(text, first: { isWord($0) && !isIn($0, "_") }) { isWord($0) || isIn($0, ".+-") }
    }

    /// `[A-Za-z0-9_.:@/#-]+`
    static func isQueue(_ text: String) -> Bool {
        let allowed: (UInt8) -> Bool = { isWord($0) || isIn($0, ".:@/#-") }
        return matches(text, first: allowed, rest: allowed)
    }

    /// At least two segments of `[a-z0-9_]+` joined by single points.
    static func isEvent(_ text: String) -> Bool {
        let segments = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return segments.count >= 2
            && segments.allSatisfy { !$0.isEmpty && $0.allSatisfy { isWord($0) && !(0x41...0x5A).contains($0) } }
    }

    /// Identifiers joined by `::` or `.`.
    static func isPublisher(_ text: String) -> Bool {
        var rest = Substring(text)
        while true {
            let segment = rest.prefix { $0 != "." && $0 != ":" }
            guard matches(String(segment), first: isLetterOrUnderscore, rest: isWord) else { return false }
            rest = rest.dropFirst(segment.count)
            if rest.isEmpty { return true }
            if rest.hasPrefix("::") {
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix(".") {
                rest = rest.dropFirst()
            } else {
                return false
            }
        }
    }

    /// Semantic Versioning 2.0.0.
    static func isSemanticVersion(_ text: String) -> Bool {
        let build = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        if build.count == 2, !areIdentifiers(build[1], numbersWithoutZero: false) { return false }
        let parts = build[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2, !areIdentifiers(parts[1], numbersWithoutZero: true) { return false }
        let core = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        return core.count == 3 && core.allSatisfy { isNumber($0) && !hasLeadingZero($0) }
    }

    private static func areIdentifiers(_ text: Substring, numbersWithoutZero: Bool) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { (isWord($0) && !isIn($0, "_")) || isIn($0, "-") }
                && !(numbersWithoutZero && isNumber(part) && hasLeadingZero(part))
        }
    }

    private static func isNumber(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    private static func hasLeadingZero(_ text: Substring) -> Bool { text.utf8.count > 1 && text.hasPrefix("0") }

    private static func matches(_ text: String, first: (UInt8) -> Bool, rest: (UInt8) -> Bool) -> Bool {
        guard let lead = text.utf8.first, first(lead) else { return false }
        return text.utf8.dropFirst().allSatisfy(rest)
    }

    private static func isLetterOrUnderscore(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }

    private static func isWord(_ byte: UInt8) -> Bool { isLetterOrUnderscore(byte) || (0x30...0x39).contains(byte) }
    private static func isIn(_ byte: UInt8, _ set: StaticString) -> Bool {
        (0..<set.utf8CodeUnitCount).contains { set.utf8Start[$0] == byte }
    }
}
