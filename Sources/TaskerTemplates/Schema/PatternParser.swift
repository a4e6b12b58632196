/// What a pattern says.
indirect enum PatternTree: Sendable {
    case empty
    case single(SchemaPattern.Instruction)
    case sequence([PatternTree])
    case alternatives([PatternTree])
    /// `most` nil: any number.
    case repeated(PatternTree, least: Int, most: Int?)
}

/// Reads the dialect that ``SchemaPattern`` describes.
struct PatternParser {
    private let source: [Unicode.Scalar]
    private var index = 0
    private var depth = 0

    init(_ source: String) { self.source = Array(source.unicodeScalars) }

    mutating func parse() throws(SchemaPattern.Fault) -> PatternTree {
        let tree = try alternatives()
        if peek == ")" { throw fault("a ')' without a '('") }
        return tree
    }

    private var peek: Unicode.Scalar? { index < source.count ? source[index] : nil }

    private func fault(_ message: String) -> SchemaPattern.Fault {
        SchemaPattern.Fault(message: "\(message) (at character \(index + 1))")
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek == scalar else { return false }
        index += 1
        return true
    }

    private mutating func alternatives() throws(SchemaPattern.Fault) -> PatternTree {
        depth += 1
        defer { depth -= 1 }
        if depth > 64 { throw fault("groups are nested too deep") }
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .alternatives(branches)
    }

    private mutating func sequence() throws(SchemaPattern.Fault) -> PatternTree {
        var parts: [PatternTree] = []
        while let scalar = peek, scalar != "|", scalar != ")" { parts.append(try quantified()) }
        return .sequence(parts)
    }

    private mutating func quantified() throws(SchemaPattern.Fault) -> PatternTree {
        let (tree, isAssertion) = try atom()
        let bounds: (least: Int, most: Int?)
        switch peek {
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "?": bounds = (0, 1)
        case "{":
            index += 1
            bounds = try counts()
            index -= 1
        default: return tree
        }
        if isAssertion { throw fault("nothing to repeat") }
        index += 1
        _ = take("?")  // Lazy or not makes no difference to whether there is a match.
        return .repeated(tree, least: bounds.least, most: bounds.most)
    }

    /// `n}`, `n,}` or `n,m}`
    private mutating func counts() throws(SchemaPattern.Fault) -> (least: Int, most: Int?) {
        guard let least = number() else { throw fault("a '{' that starts no count") }
        var most: Int? = least
        if take(",") { most = number() }
        guard take("}") else { throw fault("a '{' that starts no count") }
        if let most, most < least { throw fault("a count whose bounds are out of order") }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let scalar = peek, ("0"..."9").contains(scalar) {
            value = min(100_000, (value ?? 0) * 10 + Int(scalar.value - 0x30))
            index += 1
        }
        return value
    }

    private mutating func atom() throws(SchemaPattern.Fault) -> (PatternTree, isAssertion: Bool) {
        guard let scalar = peek else { return (.empty, true) }
        index += 1
        switch scalar {
        case "^": return (.single(.start), true)
        case "$": return (.single(.end), true)
        case ".": return (.single(.any), false)
        case "(": return (try group(), false)
        case "[": return (.single(.set(try characterClass())), false)
        case "\\": return try escape()
        case "*", "+", "?":
            index -= 1
            throw fault("nothing to repeat")
        case "{", "}", "]":
            index -= 1
            throw fault("a '\(scalar)' that must be written '\\\(scalar)'")
        default: return (.single(.scalar(scalar)), false)
        }
    }

    private mutating func group() throws(SchemaPattern.Fault) -> PatternTree {
        if take("?") {
            if !take(":") {
                guard take("<"), let next = peek, next != "=", next != "!" else {
                    throw fault("look-around and inline options are not supported")
                }
                while let scalar = peek, scalar != ">" {
                    guard ScalarSet.isWord(scalar) || scalar == "$" else { throw fault("a malformed group name") }
                    index += 1
                }
                guard take(">") else { throw fault("a group name without its '>'") }
            }
        }
        let tree = try alternatives()
        guard take(")") else { throw fault("a '(' without its ')'") }
        return tree
    }

    private mutating func escape() throws(SchemaPattern.Fault) -> (PatternTree, isAssertion: Bool) {
        switch peek {
        case "b":
            index += 1
            return (.single(.wordBoundary), true)
        case "B":
            index += 1
            return (.single(.notWordBoundary), true)
        case let digit? where ("1"..."9").contains(digit): throw fault("back references are not supported")
        case "k": throw fault("back references are not supported")
        default: break
        }
        switch try classEscape() {
        case .range(let range) where range.lowerBound == range.upperBound:
            return (.single(.scalar(range.lowerBound)), false)
        case let part: return (.single(.set(ScalarSet(parts: [part]))), false)
        }
    }

    // MARK: - Classes

    private mutating func characterClass() throws(SchemaPattern.Fault) -> ScalarSet {
        var set = ScalarSet()
        set.isInverse = take("^")
        while true {
            guard peek != nil else { throw fault("a '[' without its ']'") }
            if take("]") { return set }
            let first = try classAtom()
            guard peek == "-", index + 1 < source.count, source[index + 1] != "]" else {
                set.parts.append(first)
                continue
            }
            index += 1
            let second = try classAtom()
            guard case .range(let low) = first, case .range(let high) = second else {
                throw fault("a range between things that are no single characters")
            }
            guard low.lowerBound <= high.lowerBound else { throw fault("a range whose ends are out of order") }
            set.parts.append(.range(low.lowerBound...high.lowerBound))
        }
    }

    private mutating func classAtom() throws(SchemaPattern.Fault) -> ScalarSet.Part {
        guard let scalar = peek else { throw fault("a '[' without its ']'") }
        index += 1
        guard scalar == "\\" else { return .range(scalar...scalar) }
        if take("b") { return .range("\u{08}"..."\u{08}") }
        return try classEscape()
    }

    /// What follows a backslash, the same inside and outside of classes.
    private mutating func classEscape() throws(SchemaPattern.Fault) -> ScalarSet.Part {
        guard let scalar = peek else { throw fault("a '\\' at the end") }
        index += 1
        func single(_ scalar: Unicode.Scalar) -> ScalarSet.Part { .range(scalar...scalar) }
        switch scalar {
        case "d": return .digit
        case "D": return .inverse(.digit)
        case "w": return .word
        case "W": return .inverse(.word)
        case "s": return .space
        case "S": return .inverse(.space)
        case "p": return .category(try category())
        case "P": return .inverse(.category(try category()))
        case "t": return single("\t")
        case "n": return single("\n")
        case "v": return single("\u{0B}")
        case "f": return single("\u{0C}")
        case "r": return single("\r")
        case "0": return single("\0")
        case "c":
            guard let letter = peek, letter.properties.isASCIIHexDigit || letter.isASCII, letter.properties.isAlphabetic
            else {
                throw fault("'\\c' without a letter")
            }
            index += 1
            return single(Unicode.Scalar(UInt8(letter.value & 0x1F)))
        case "x": return single(try hexadecimal(digits: 2))
        case "u": return single(try unicodeEscape())
        case _ where scalar.isASCII && ScalarSet.isWord(scalar):
            throw fault("the escape '\\\(scalar)' has no meaning")
        default: return single(scalar)
        }
    }

    private mutating func category() throws(SchemaPattern.Fault) -> UnicodeCategory {
        guard take("{") else { throw fault("'\\p' without '{NAME}'") }
        var name = String.UnicodeScalarView()
        while let scalar = peek, scalar != "}" {
            name.append(scalar)
            index += 1
        }
        guard take("}"), let category = UnicodeCategory(String(name)) else {
            throw fault("'\\p{\(String(name).prefix(40))}' names no general category")
        }
        return category
    }

    private mutating func unicodeEscape() throws(SchemaPattern.Fault) -> Unicode.Scalar {
        if take("{") {
            var value: UInt32 = 0
            var count = 0
            while let scalar = peek, let digit = Character(scalar).hexDigitValue, value <= 0x10FFFF {
                value = value << 4 | UInt32(digit)
                count += 1
                index += 1
            }
            guard count > 0, take("}"), let scalar = Unicode.Scalar(value) else {
                throw fault("a malformed '\\u{...}'")
            }
            return scalar
        }
        let unit = try hexadecimalValue(digits: 4)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard (0xD800...0xDBFF).contains(unit), take("\\"), take("u") else { throw fault("half a surrogate pair") }
        let low = try hexadecimalValue(digits: 4)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw fault("half a surrogate pair") }
        return scalar
    }

    private mutating func hexadecimal(digits: Int) throws(SchemaPattern.Fault) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(try hexadecimalValue(digits: digits)) else { throw fault("no character") }
        return scalar
    }

    private mutating func hexadecimalValue(digits: Int) throws(SchemaPattern.Fault) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<digits {
            guard let scalar = peek, scalar.isASCII, let digit = Character(scalar).hexDigitValue else {
                throw fault("an escape with too few hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }
}

/// Turns a tree into a program of bounded size.
struct PatternCompiler {
    private(set) var program: [SchemaPattern.Instruction] = []

    mutating func emit(_ instruction: SchemaPattern.Instruction) throws(SchemaPattern.Fault) {
        guard program.count < SchemaPattern.sizeLimit else {
            throw SchemaPattern.Fault(message: "it is too large, repetitions counted out")
        }
        program.append(instruction)
    }

    mutating func emit(_ tree: PatternTree) throws(SchemaPattern.Fault) {
        switch tree {
        case .empty: break
        case .single(let instruction): try emit(instruction)
        case .sequence(let parts): for part in parts { try emit(part) }
        case .alternatives(let branches):
            var jumps: [Int] = []
            for (number, branch) in branches.enumerated() {
                guard number < branches.count - 1 else {
                    try emit(branch)
                    break
                }
                let split = program.count
                try emit(.split(split + 1, 0))
                try emit(branch)
                jumps.append(program.count)
                try emit(.jump(0))
                program[split] = .split(split + 1, program.count)
            }
            for jump in jumps { program[jump] = .jump(program.count) }
        case .repeated(let inner, let least, let most):
            // A repeated nothing is nothing, and must not count as work of a large bound.
            let start = program.count
            for _ in 0..<least {
                try emit(inner)
                if program.count == start { return }
            }
            guard let most else {
                let split = program.count
                try emit(.split(split + 1, 0))
                try emit(inner)
                try emit(.jump(split))
                program[split] = .split(split + 1, program.count)
                return
            }
            var splits: [Int] = []
            for _ in 0..<(most - least) {
                let split = program.count
                splits.append(split)
                try emit(.split(split + 1, 0))
                try emit(inner)
            }
            for split in splits { program[split] = .split(split + 1, program.count) }
        }
    }
}
