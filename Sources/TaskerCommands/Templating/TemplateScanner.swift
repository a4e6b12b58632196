/// Cuts a template into text, `{{ }}` and `{% %}` with exact places; comments, `raw` and whitespace control are done
/// with here. Stencil does the evaluation, but its own lexer loses places and knows no `raw`.
struct TemplateScanner {
    enum Kind: Sendable {
        case text, variable, block
    }

    struct Piece: Sendable {
        var kind: Kind
        var text: String
        var line: Int
        var column: Int
    }

    private let file: String
    private let source: [Character]
    private var index = 0
    private var line = 1
    private var column = 1
    private var pieces: [Piece] = []
    private var text = ""
    private var textPlace = (line: 1, column: 1)
    /// The tag before ended with `-%}`.
    private var trimsNext = false

    static func pieces(of source: String, file: String) throws(TemplateFailure) -> [Piece] {
        var scanner = TemplateScanner(file: file, source: Array(source))
        try scanner.scan()
        return scanner.pieces
    }

    private init(file: String, source: [Character]) {
        self.file = file
        self.source = source
    }

    private mutating func scan() throws(TemplateFailure) {
        while index < source.count {
            switch (source[index], index + 1 < source.count ? source[index + 1] : " ") {
            case ("{", "{"): try tag(.variable, close: "}")
            case ("{", "%"): try tag(.block, close: "%")
            case ("{", "#"): try tag(nil, close: "#")
            default: appendText()
            }
        }
        flush(trimEnd: false)
    }

    private mutating func appendText() {
        if text.isEmpty { textPlace = (line, column) }
        text.append(source[index])
        advance()
    }

    private mutating func flush(trimEnd: Bool) {
        var kept = text
        if trimsNext { kept = String(kept.drop(while: \.isWhitespace)) }
        if trimEnd { while kept.last?.isWhitespace == true { kept.removeLast() } }
        if !kept.isEmpty {
            pieces.append(Piece(kind: .text, text: kept, line: textPlace.line, column: textPlace.column))
        }
        if !text.isEmpty { trimsNext = false }
        text = ""
    }

    private mutating func tag(_ kind: Kind?, close: Character) throws(TemplateFailure) {
        let start = (line: line, column: column)
        advance(2)
        let trimsBefore = index < source.count && source[index] == "-"
        if trimsBefore { advance() }
        flush(trimEnd: trimsBefore)
        trimsNext = false
        var content = ""
        var place = (line: line, column: column)
        var quote: Character?
        while true {
            guard index < source.count else {
                let opening = kind == .variable ? "{{" : kind == .block ? "{%" : "{#"
                throw TemplateFailure(
                    file: file, line: start.line, column: start.column, message: "'\(opening)' is never closed")
            }
            let character = source[index]
            if quote == nil, character == close, index + 1 < source.count, source[index + 1] == "}" { break }
            if kind != nil {
                if let open = quote {
                    if character == open { quote = nil }
                } else if "\"'".contains(character) {
                    quote = character
                }
            }
            if content.isEmpty, character.isWhitespace {
                advance()
                place = (line, column)
                continue
            }
            content.append(character)
            advance()
        }
        if content.last == "-" {
            content.removeLast()
            trimsNext = true
        }
        advance(2)
        while content.last?.isWhitespace == true { content.removeLast() }
        guard let kind else { return }
        if kind == .block, content == "raw" { return try raw(start) }
        pieces.append(Piece(kind: kind, text: content, line: place.line, column: place.column))
    }

    /// Everything up to `{% endraw %}` is text.
    private mutating func raw(_ start: (line: Int, column: Int)) throws(TemplateFailure) {
        while index < source.count {
            if source[index] == "{", index + 1 < source.count, source[index + 1] == "%" {
                var end = index + 2
                var content = ""
                while end + 1 < source.count, !(source[end] == "%" && source[end + 1] == "}") {
                    content.append(source[end])
                    end += 1
                }
                if content.filter({ !$0.isWhitespace && $0 != "-" }) == "endraw", end + 1 < source.count {
                    flush(trimEnd: content.first == "-")
                    trimsNext = content.last == "-"
                    advance(end + 2 - index)
                    return
                }
            }
            appendText()
        }
        throw TemplateFailure(
            file: file, line: start.line, column: start.column, message: "'{% raw %}' has no '{% endraw %}'")
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count where index < source.count {
            if source[index] == "\n" {
                line += 1
                column = 1
            } else {
                column += 1
            }
            index += 1
        }
    }
}
