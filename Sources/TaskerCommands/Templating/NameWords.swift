/// A name as its words, for every spelling of it: `HTTPFetch`, `http_fetch`, `http-fetch` and `HTTP Fetch` are one.
public struct NameWords: Sendable, Hashable {
    /// In lower case.
    public var words: [String]

    /// Splits at separators and case changes; an acronym stays one word, digits belong to the word before them.
    public init(_ text: String) {
        words = []
        var word = ""
        let characters = Array(text)
        for (index, character) in characters.enumerated() {
            guard character.isLetter || character.isNumber else {
                if !word.isEmpty { words.append(word) }
                word = ""
                continue
            }
            if character.isUppercase, let previous = word.last {
                let next = index + 1 < characters.count ? characters[index + 1] : nil
                let endsAcronym = previous.isUppercase && next?.isLowercase == true
                if previous.isLowercase || previous.isNumber || endsAcronym {
                    words.append(word)
                    word = ""
                }
            }
            word.append(character)
        }
        if !word.isEmpty { words.append(word) }
        words = words.map { $0.lowercased() }
    }

    public var snake: String { words.joined(separator: "_") }
    public var kebab: String { words.joined(separator: "-") }
    public var pascal: String { words.map(Self.capitalised).joined() }
    public var camel: String { (words.first ?? "") + words.dropFirst().map(Self.capitalised).joined() }

    private static func capitalised(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }
}
