/// A regular expression of a schema, matched in time linear in the text: hostile patterns and texts cost bounded work.
///
/// The dialect is the interoperable part of ECMA-262 in Unicode mode: literals, `.`, classes with ranges and negation,
/// `\d \D \w \W \s \S \b \B`, `\t \n \v \f \r \0 \cX \xHH \uHHHH \u{H...}`, `\p{...}` and `\P{...}` with a general
/// category, groups (capturing, non-capturing, named), alternation, `* + ? {n} {n,} {n,m}` with their lazy forms, `^` and
/// `$`. It searches; anchors tie it to the ends. Back references and look-around are refused.
struct SchemaPattern: Sendable {
    struct Fault: Error {
        var message: String
    }

    enum Instruction: Sendable {
        case any
        case scalar(Unicode.Scalar)
        case set(ScalarSet)
        case split(Int, Int)
        case jump(Int)
        case start, end, wordBoundary, notWordBoundary
        case match
    }

    let program: [Instruction]

    static let sizeLimit = 5_000

    init(_ source: String) throws(Fault) {
        var parser = PatternParser(source)
        let tree = try parser.parse()
        var compiler = PatternCompiler()
        try compiler.emit(tree)
        try compiler.emit(.match)
        program = compiler.program
    }

    /// - Parameters:
    ///   - work: instructions done are added to it.
    ///   - limit: when passed, the answer is false.
    func matches(_ text: String, work: inout Int, limit: Int) -> Bool {
        let scalars = Array(text.unicodeScalars)
        var threads = ThreadList(size: program.count)
        var next = ThreadList(size: program.count)
        for position in 0...scalars.count {
            // A match may start anywhere.
            if follow(0, scalars, position, &threads, &work) { return true }
            if position == scalars.count || work > limit { return false }
            next.removeAll()
            for place in threads.places {
                work += 1
                let accepts =
                    switch program[place] {
                    case .any: !ScalarSet.isLineTerminator(scalars[position])
                    case .scalar(let wanted): wanted == scalars[position]
                    case .set(let set): set.contains(scalars[position])
                    default: false
                    }
                if accepts, follow(place + 1, scalars, position + 1, &next, &work) { return true }
            }
            swap(&threads, &next)
        }
        return false
    }

    /// Adds the places reachable without reading. True when the match is among them.
    private func follow(
        _ place: Int, _ text: [Unicode.Scalar], _ position: Int, _ threads: inout ThreadList, _ work: inout Int
    ) -> Bool {
        var pending = [place]
        while let place = pending.popLast() {
            guard threads.insert(place) else { continue }
            work += 1
            switch program[place] {
            case .match: return true
            case .jump(let target): pending.append(target)
            case .split(let first, let second):
                pending.append(second)
                pending.append(first)
            case .start: if position == 0 { pending.append(place + 1) }
            case .end: if position == text.count { pending.append(place + 1) }
            case .wordBoundary: if isBoundary(text, position) { pending.append(place + 1) }
            case .notWordBoundary: if !isBoundary(text, position) { pending.append(place + 1) }
            case .any, .scalar, .set: break
            }
        }
        return false
    }

    private func isBoundary(_ text: [Unicode.Scalar], _ position: Int) -> Bool {
        let before = position > 0 && ScalarSet.isWord(text[position - 1])
        let after = position < text.count && ScalarSet.isWord(text[position])
        return before != after
    }

    /// Places of the program, each at most once.
    private struct ThreadList {
        private(set) var places: [Int] = []
        private var generation: [Int]
        private var current = 1

        init(size: Int) { generation = [Int](repeating: 0, count: size) }

        mutating func insert(_ place: Int) -> Bool {
            guard generation[place] != current else { return false }
            generation[place] = current
            places.append(place)
            return true
        }

        mutating func removeAll() {
            places.removeAll(keepingCapacity: true)
            current += 1
        }
    }
}

/// A set of characters.
struct ScalarSet: Sendable {
    enum Part: Sendable {
        case range(ClosedRange<Unicode.Scalar>)
        case digit, word, space
        case category(UnicodeCategory)
        indirect case inverse(Part)
    }

    var parts: [Part] = []
    var isInverse = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        parts.contains { Self.contains($0, scalar) } != isInverse
    }

    private static func contains(_ part: Part, _ scalar: Unicode.Scalar) -> Bool {
        switch part {
        case .range(let range): range.contains(scalar)
        case .digit: ("0"..."9").contains(scalar)
        case .word: isWord(scalar)
        case .space: isSpace(scalar)
        case .category(let category): category.contains(scalar)
        case .inverse(let part): !contains(part, scalar)
        }
    }

    static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "_"
    }

    static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09...0x0D, 0x20, 0xA0, 0xFEFF, 0x2028, 0x2029: true
        default: scalar.properties.generalCategory == .spaceSeparator
        }
    }

    static func isLineTerminator(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar == "\u{2028}" || scalar == "\u{2029}"
    }
}
