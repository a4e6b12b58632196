/// The words of an expression inside `{{ }}` or `{% %}`, with their places.
enum ExpressionTokens {
    enum Kind: Sendable {
        case name, string, number, symbol
    }

    struct Token: Sendable {
        var kind: Kind
        var text: String
        var line: Int
        var column: Int
    }

    static func read(_ piece: TemplateScanner.Piece, file: String) throws(TemplateFailure) -> [Token] {
        var tokens: [Token] = []
        let characters = Array(piece.text)
        var index = 0
        var line = piece.line
        var column = piece.column
        func failure(_ message: String) -> TemplateFailure {
            TemplateFailure(file: file, line: line, column: column, message: message)
        }
        while index < characters.count {
            let character = characters[index]
            let start = index
            var token = Token(kind: .symbol, text: String(character), line: line, column: column)
            if character == "\n" {
                line += 1
                column = 1
                index += 1
                continue
            }
            if character.isWhitespace {
                index += 1
                column += 1
                continue
            }
            if character == "\"" || character == "'" {
                token.kind = .string
                token.text = ""
                index += 1
                while index < characters.count, characters[index] != character {
                    token.text.append(characters[index])
                    index += 1
                }
                guard index < characters.count else { throw failure("the closing quote is missing") }
                index += 1
            } else if character.isLetter || character == "_" {
                token.kind = .name
                while index < characters.count,
                    characters[index].isLetter || characters[index].isNumber || "_.".contains(characters[index])
                { index += 1 }
                token.text = String(characters[start..<index])
                guard !token.text.hasPrefix("__"), !token.text.hasSuffix("."), !token.text.contains("..") else {
                    throw failure("'\(token.text)' is no name")
                }
            } else if character.isNumber || character == "-" {
                token.kind = .number
                index += 1
                while index < characters.count, characters[index].isNumber || characters[index] == "." { index += 1 }
                token.text = String(characters[start..<index])
                guard Double(token.text) != nil, !token.text.contains("..") else {
                    throw failure("'\(token.text)' is no number")
                }
            } else {
                let two = index + 1 < characters.count ? String(characters[index...index + 1]) : ""
                if ["==", "!=", "<=", ">="].contains(two) { token.text = two }
                guard token.text.count == 2 || "|:,=()<>".contains(character) else {
                    throw failure("'\(character)' is not expected here")
                }
                index += token.text.count
            }
            column += index - start
            tokens.append(token)
        }
        return tokens
    }
}
