import TaskerTemplates

/// Checks names and structure of a template and writes it anew for Stencil: literals and text become variables, so that
/// none of Stencil's own quoting rules matters, and every name is known before anything is rendered.
struct TemplateChecker {
    struct Program {
        /// One line without any text of its own.
        var source = ""
        /// Values of the variables that stand for text and literals.
        var constants: [String: String] = [:]
        /// Offset in `source` and the place in the template, in order.
        var places: [(offset: Int, line: Int, column: Int)] = []
    }

    private struct Opened {
        var name: String
        var piece: TemplateScanner.Piece
    }

    static let outputFilter = "__out"
    static let stepTag = "__step"

    private let file: String
    private var known: Set<String>
    private var program = Program()
    private var open: [Opened] = []

    static func check(
        _ source: String, file: String, variables: Set<String>
    ) throws(TemplateFailure) -> Program {
        var checker = TemplateChecker(file: file, known: variables.union(["forloop"]))
        for piece in try TemplateScanner.pieces(of: source, file: file) { try checker.take(piece) }
        if let last = checker.open.last {
            throw checker.failure("'{% \(last.name) %}' has no '{% end\(last.name) %}'", last.piece)
        }
        return checker.program
    }

    private init(file: String, known: Set<String>) {
        self.file = file
        self.known = known
    }

    private mutating func take(_ piece: TemplateScanner.Piece) throws(TemplateFailure) {
        switch piece.kind {
        case .text: emit("{{ \(constant(piece.text))|\(Self.outputFilter) }}", at: piece)
        case .variable:
            var tokens = try ExpressionTokens.read(piece, file: file)
            let value = try pipeline(&tokens, piece)
            guard tokens.isEmpty else { throw unexpected(tokens[0], piece) }
            emit("{{ \(value)|\(Self.outputFilter) }}", at: piece)
        case .block: try block(piece)
        }
    }

    private mutating func block(_ piece: TemplateScanner.Piece) throws(TemplateFailure) {
        var tokens = try ExpressionTokens.read(piece, file: file)
        guard let first = tokens.first, first.kind == .name else { throw failure("a tag needs a name", piece) }
        tokens.removeFirst()
        switch first.text {
        case "if", "elif":
            if first.text == "if" { open.append(Opened(name: "if", piece: piece)) } else { try expectOpen("if", piece) }
            emit("{% \(first.text) \(try condition(tokens, piece)) %}", at: piece)
        case "else":
            try expectOpen("if", piece)
            emit("{% else %}", at: piece)
        case "endif", "endfor":
            try expectOpen(String(first.text.dropFirst(3)), piece)
            open.removeLast()
            emit("{% \(first.text) %}", at: piece)
        case "for":
            guard tokens.count >= 3, tokens[0].kind == .name, tokens[1].text == "in" else {
                throw failure("write '{% for NAME in LIST %}'", piece)
            }
            let name = tokens[0].text
            tokens.removeFirst(2)
            let list = try pipeline(&tokens, piece)
            guard tokens.isEmpty else { throw unexpected(tokens[0], piece) }
            known.insert(name)
            open.append(Opened(name: "for", piece: piece))
            emit("{% for \(name) in \(list) %}{% \(Self.stepTag) %}", at: piece)
        case "empty":
            try expectOpen("for", piece)
            emit("{% empty %}", at: piece)
        case "set":
            guard tokens.count >= 3, tokens[0].kind == .name, tokens[1].text == "=" else {
                throw failure("write '{% set NAME = VALUE %}'", piece)
            }
            let name = tokens[0].text
            tokens.removeFirst(2)
            let value = try pipeline(&tokens, piece)
            guard tokens.isEmpty else { throw unexpected(tokens[0], piece) }
            known.insert(name)
            emit("{% set \(name) \(value) %}", at: piece)
        default:
            let names = ["if", "elif", "else", "endif", "for", "empty", "endfor", "set", "raw"]
            let near = DocumentTools.nearest(to: first.text, among: names).map { "; did you mean '\($0)'?" } ?? ""
            throw failure("unknown tag '\(first.text)'\(near)", piece)
        }
    }

    private func expectOpen(_ name: String, _ piece: TemplateScanner.Piece) throws(TemplateFailure) {
        if open.last?.name != name { throw failure("there is no '{% \(name) %}' open here", piece) }
    }

    // MARK: - Expressions

    private mutating func condition(
        _ all: [ExpressionTokens.Token], _ piece: TemplateScanner.Piece
    ) throws(TemplateFailure) -> String {
        var tokens = all
        guard !tokens.isEmpty else { throw failure("a condition is missing", piece) }
        var parts: [String] = []
        while let token = tokens.first {
            if ["and", "or", "not", "in", "==", "!=", "<", ">", "<=", ">=", "(", ")"].contains(token.text),
                token.kind != .string
            {
                parts.append(token.text)
                tokens.removeFirst()
            } else {
                parts.append(try pipeline(&tokens, piece))
            }
        }
        return parts.joined(separator: " ")
    }

    /// `operand | filter | filter(argument)`; both `filter:argument` and `filter(name="argument")` are read.
    private mutating func pipeline(
        _ tokens: inout [ExpressionTokens.Token], _ piece: TemplateScanner.Piece
    ) throws(TemplateFailure) -> String {
        guard let first = tokens.first else { throw failure("a value is missing", piece) }
        let hasDefault = tokens.count > 2 && tokens[1].text == "|" && tokens[2].text == "default"
        var text = try operand(first, mayBeUnknown: hasDefault)
        tokens.removeFirst()
        while tokens.first?.text == "|", tokens.first?.kind == .symbol {
            tokens.removeFirst()
            guard let filter = tokens.first, filter.kind == .name else {
                throw failure("a filter is missing after '|'", piece)
            }
            guard TemplateFilters.names.contains(filter.text) else {
                let near = DocumentTools.nearest(to: filter.text, among: TemplateFilters.names).map {
                    "; did you mean '\($0)'?"
                }
                throw failure("unknown filter '\(filter.text)'\(near ?? "")", filter)
            }
            tokens.removeFirst()
            let arguments = try arguments(&tokens, piece)
            text += "|" + filter.text + (arguments.isEmpty ? "" : ":" + arguments.joined(separator: ","))
        }
        return text
    }

    private mutating func arguments(
        _ tokens: inout [ExpressionTokens.Token], _ piece: TemplateScanner.Piece
    ) throws(TemplateFailure) -> [String] {
        guard let opening = tokens.first, opening.kind == .symbol, opening.text == "(" || opening.text == ":" else {
            return []
        }
        let closes = opening.text == "("
        tokens.removeFirst()
        var arguments: [String] = []
        while let token = tokens.first, !(closes && token.text == ")") {
            if token.kind == .name, tokens.count > 2, tokens[1].text == "=" { tokens.removeFirst(2) }
            guard let value = tokens.first else { throw failure("a value is missing", piece) }
            arguments.append(try operand(value, mayBeUnknown: false))
            tokens.removeFirst()
            guard tokens.first?.text == "," else { break }
            tokens.removeFirst()
        }
        if closes {
            guard tokens.first?.text == ")" else { throw failure("')' is missing", tokens.first ?? opening) }
            tokens.removeFirst()
        }
        return arguments
    }

    private mutating func operand(
        _ token: ExpressionTokens.Token, mayBeUnknown: Bool
    ) throws(TemplateFailure) -> String {
        switch token.kind {
        case .string: return constant(token.text)
        case .number: return token.text
        case .symbol: throw failure("'\(token.text)' is not expected here", token)
        case .name:
            if token.text == "true" || token.text == "false" { return token.text }
            let root = String(token.text.split(separator: ".")[0])
            guard known.contains(root) || mayBeUnknown else {
                let near = DocumentTools.nearest(to: root, among: known.filter { !$0.hasPrefix("__") }.sorted()).map {
                    "; did you mean '\($0)'?"
                }
                throw failure("unknown variable '\(root)'\(near ?? "")", token)
            }
            return token.text
        }
    }

    private func unexpected(_ token: ExpressionTokens.Token, _ piece: TemplateScanner.Piece) -> TemplateFailure {
        failure("'\(token.text)' is not expected here", token)
    }

    private mutating func constant(_ text: String) -> String {
        let name = "__c\(program.constants.count)"
        program.constants[name] = text
        return name
    }

    private mutating func emit(_ text: String, at piece: TemplateScanner.Piece) {
        program.places.append((program.source.count, piece.line, piece.column))
        program.source += text
    }

    private func failure(_ message: String, _ piece: TemplateScanner.Piece) -> TemplateFailure {
        TemplateFailure(file: file, line: piece.line, column: piece.column, message: message)
    }

    private func failure(_ message: String, _ token: ExpressionTokens.Token) -> TemplateFailure {
        TemplateFailure(file: file, line: token.line, column: token.column, message: message)
    }
}
