import TaskerProtocol
import TaskerTemplates

/// Reads TOML 1.0 with the place of every key, which messages about configuration files name.
/// Dates and times come out as the strings they are written as.
struct TOMLReader {
    struct Failure: Error, Hashable {
        var line: Int
        var column: Int
        var message: String
    }

    private var scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var lineStart = 0
    private var root = Table()

    /// Tables under construction are shared by the headings that name them.
    private final class Table {
        var members: [(key: String, line: Int, column: Int, entry: Entry)] = []
        /// A heading, a dotted key or an inline table has closed it.
        var isDefined = false
        var isInline = false

        func entry(_ key: String) -> Entry? { members.first { $0.key == key }?.entry }
    }

    private enum Entry {
        case value(DocumentTools.Value)
        case table(Table)
        case tables([Table])
    }

    static func read(_ text: String) throws(Failure) -> DocumentTools.Value {
        var reader = TOMLReader(scalars: Array(text.replacingCRLF.unicodeScalars))
        return try reader.document()
    }

    private init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

    private mutating func document() throws(Failure) -> DocumentTools.Value {
        var current = root
        while true {
            skipBlank()
            guard let next = peek() else { break }
            if next == "[" {
                current = try heading()
            } else {
                try pair(into: current, end: nil)
            }
            try endOfLine()
        }
        return Self.value(root, line: 1, column: 1)
    }

    private static func value(_ table: Table, line: Int, column: Int) -> DocumentTools.Value {
        let members = table.members.map { member in
            let value: DocumentTools.Value =
                switch member.entry {
                case .value(let value): value
                case .table(let table): Self.value(table, line: member.line, column: member.column)
                case .tables(let tables):
                    DocumentTools.Value(
                        content: .list(tables.map { Self.value($0, line: member.line, column: member.column) }),
                        line: member.line, column: member.column)
                }
            return DocumentTools.Member(key: member.key, line: member.line, column: member.column, value: value)
        }
        return DocumentTools.Value(content: .table(members), line: line, column: column)
    }

    // MARK: - Structure

    private mutating func heading() throws(Failure) -> Table {
        let place = self.place
        take()
        let isArray = peek() == "["
        if isArray { take() }
        let path = try key()
        for _ in 0..<(isArray ? 2 : 1) {
            skipSpace()
            guard peek() == "]" else { throw failure("']' is missing after the table's name") }
            take()
        }
        var table = root
        for name in path.dropLast() { table = try descend(table, name, at: place) }
        guard let last = path.last else { throw failure("a table needs a name") }
        let made = Table()
        switch table.entry(last) {
        case nil:
            made.isDefined = true
            table.members.append((last, place.line, place.column, isArray ? .tables([made]) : .table(made)))
            return made
        case .tables(let tables)? where isArray:
            made.isDefined = true
            replace(last, in: table, by: .tables(tables + [made]))
            return made
        case .table(let found)? where !isArray && !found.isDefined && !found.isInline:
            found.isDefined = true
            return found
        default: throw Failure(line: place.line, column: place.column, message: "'\(last)' is there already")
        }
    }

    private func replace(_ key: String, in table: Table, by entry: Entry) {
        if let index = table.members.firstIndex(where: { $0.key == key }) { table.members[index].entry = entry }
    }

    private func descend(
        _ table: Table, _ name: String, at place: (line: Int, column: Int)
    ) throws(Failure) -> Table {
        switch table.entry(name) {
        case nil:
            let made = Table()
            table.members.append((name, place.line, place.column, .table(made)))
            return made
        case .table(let found)? where !found.isInline: return found
        case .tables(let tables)?:
            guard let last = tables.last else { break }
            return last
        default: break
        }
        throw Failure(line: place.line, column: place.column, message: "'\(name)' is there already and no table")
    }

    private mutating func pair(into table: Table, end: Unicode.Scalar?) throws(Failure) {
        let place = self.place
        let path = try key()
        skipSpace()
        guard peek() == "=" else { throw failure("'=' is missing after the key") }
        take()
        skipSpace()
        var target = table
        for name in path.dropLast() {
            target = try descend(target, name, at: place)
            target.isDefined = true
        }
        guard let last = path.last else { throw failure("a key is missing") }
        if target.entry(last) != nil {
            throw Failure(line: place.line, column: place.column, message: "'\(last)' is there already")
        }
        let entry = try value(depth: 0)
        target.members.append((last, place.line, place.column, entry))
    }

    private mutating func key() throws(Failure) -> [String] {
        var path: [String] = []
        while true {
            skipSpace()
            if peek() == "\"" || peek() == "'" {
                path.append(try string(allowsMultiline: false))
            } else {
                var name = ""
                while let next = peek(), Self.isBare(next) {
                    name.unicodeScalars.append(next)
                    take()
                }
                guard !name.isEmpty else { throw failure("a key is missing") }
                path.append(name)
            }
            skipSpace()
            guard peek() == "." else { return path }
            take()
        }
    }

    // MARK: - Values

    private mutating func value(depth: Int) throws(Failure) -> Entry {
        guard depth < 32 else { throw failure("values are nested too deep") }
        let place = self.place
        func made(_ content: DocumentTools.Value.Content) -> Entry {
            .value(DocumentTools.Value(content: content, line: place.line, column: place.column))
        }
        guard let next = peek() else { throw failure("a value is missing") }
        switch next {
        case "\"", "'": return made(.scalar(.string(try string(allowsMultiline: true))))
        case "[":
            take()
            var items: [DocumentTools.Value] = []
            while true {
                skipBlank()
                if peek() == "]" { break }
                switch try value(depth: depth + 1) {
                case .value(let item): items.append(item)
                case .table(let table): items.append(Self.value(table, line: place.line, column: place.column))
                case .tables: break
                }
                skipBlank()
                if peek() == "," { take() } else { break }
            }
            guard peek() == "]" else { throw failure("']' is missing at the end of the list") }
            take()
            return made(.list(items))
        case "{":
            take()
            let table = Table()
            skipSpace()
            while peek() != "}" {
                try pair(into: table, end: "}")
                skipSpace()
                guard peek() == "," else { break }
                take()
                skipSpace()
            }
            guard peek() == "}" else { throw failure("'}' is missing at the end of the table") }
            take()
            table.isInline = true
            return .table(table)
        default: return made(.scalar(try word()))
        }
    }

    private mutating func word() throws(Failure) -> JSONValue {
        let start = place
        var text = ""
        while let next = peek(), Self.isBare(next) || "+.:".unicodeScalars.contains(next) {
            text.unicodeScalars.append(next)
            take()
        }
        switch text {
        case "true": return true
        case "false": return false
        case "": throw failure("a value is missing")
        default: break
        }
        let plain = text.filter { $0 != "_" }
        let radix: [(String, Int)] = [("0x", 16), ("0o", 8), ("0b", 2)]
        for (prefix, base) in radix where plain.hasPrefix(prefix) {
            if let number = Int64(plain.dropFirst(2), radix: base) { return .integer(number) }
        }
        if let number = Int64(plain) { return .integer(number) }
        if plain.first.map({ $0.isNumber || "+-".contains($0) }) == true {
            if let number = Double(plain), number.isFinite { return .double(number) }
            if text.contains("-") || text.contains(":") { return .string(text) }  // a date or a time
        }
        throw Failure(
            line: start.line, column: start.column, message: "'\(text)' is no value; strings stand in quotes")
    }

    private mutating func string(allowsMultiline: Bool) throws(Failure) -> String {
        guard let quote = peek() else { return "" }
        take()
        let isLong = allowsMultiline && peek() == quote && peek(1) == quote
        if isLong {
            take()
            take()
            if peek() == "\n" { take() }
        }
        var text = String.UnicodeScalarView()
        while let next = peek() {
            if next == quote {
                if !isLong {
                    take()
                    return String(text)
                }
                if peek(1) == quote, peek(2) == quote {
                    for _ in 0..<3 { take() }
                    // Up to two quotes may stand before the three that end it.
                    while peek() == quote {
                        text.append(quote)
                        take()
                    }
                    return String(text)
                }
            }
            if next == "\n", !isLong { break }
            if next == "\\", quote == "\"" {
                try escape(into: &text, isLong: isLong)
            } else {
                text.append(next)
                take()
            }
        }
        throw failure("the closing quote of a string is missing")
    }

    private mutating func escape(into text: inout String.UnicodeScalarView, isLong: Bool) throws(Failure) {
        take()
        guard let code = peek() else { throw failure("the closing quote of a string is missing") }
        let simple: [Unicode.Scalar: Unicode.Scalar] = [
            "b": "\u{8}", "t": "\t", "n": "\n", "f": "\u{C}", "r": "\r", "\"": "\"", "\\": "\\",
        ]
        if let scalar = simple[code] {
            take()
            text.append(scalar)
        } else if code == "u" || code == "U" {
            take()
            var digits = ""
            for _ in 0..<(code == "u" ? 4 : 8) {
                if let digit = peek() { digits.unicodeScalars.append(digit) }
                take()
            }
            guard let number = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(number) else {
                throw failure("'\\\(code)\(digits)' is no character")
            }
            text.append(scalar)
        } else if isLong, code == "\n" || code == " " || code == "\t" {
            while let next = peek(), next == "\n" || next == " " || next == "\t" { take() }
        } else {
            throw failure("'\\\(code)' is no escape")
        }
    }

    // MARK: - Characters

    private var place: (line: Int, column: Int) { (line, index - lineStart + 1) }

    private func failure(_ message: String) -> Failure {
        Failure(line: line, column: index - lineStart + 1, message: message)
    }

    private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
        index + offset < scalars.count ? scalars[index + offset] : nil
    }

    private mutating func take() {
        guard index < scalars.count else { return }
        if scalars[index] == "\n" {
            line += 1
            lineStart = index + 1
        }
        index += 1
    }

    private mutating func skipSpace() { while peek() == " " || peek() == "\t" { take() } }

    private mutating func skipComment() { if peek() == "#" { while let next = peek(), next != "\n" { take() } } }

    private mutating func skipBlank() {
        while let next = peek(), next == " " || next == "\t" || next == "\n" || next == "#" {
            if next == "#" { skipComment() } else { take() }
        }
    }

    private mutating func endOfLine() throws(Failure) {
        skipSpace()
        skipComment()
        guard peek() == nil || peek() == "\n" else { throw failure("nothing may follow on this line") }
    }

    private static func isBare(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
    }
}

extension String {
    fileprivate var replacingCRLF: String {
        contains("\r\n") ? split(separator: "\r\n", omittingEmptySubsequences: false).joined(separator: "\n") : self
    }
}
