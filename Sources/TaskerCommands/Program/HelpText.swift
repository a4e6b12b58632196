import ArgumentParser

/// The help pages: ArgumentParser's text about the command, then the flags that all commands share.
enum HelpText {
    static let columns = 100

    static func page(for command: CommandTree, path: [String]) -> String {
        let text = TaskerCtl.helpMessage(for: command.type, columns: columns)
        var lines: [String] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            // The global part has these two.
            if line.hasPrefix("  --version ") || line.hasPrefix("  -h, --help ") { continue }
            if line.isEmpty, lines.last == "OPTIONS:" { lines.removeLast() }
            if line.isEmpty, lines.last?.isEmpty == true { continue }
            lines += line.hasPrefix("USAGE: ") ? wrapped(line) : [line]
        }
        while lines.last?.isEmpty == true || lines.last == "OPTIONS:" { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n\n" + GlobalOptions.helpText
    }

    /// Breaks before an argument, never inside one.
    private static func wrapped(_ usage: String) -> [String] {
        var pieces: [String] = []
        for word in usage.split(separator: " ").map(String.init) {
            if let last = pieces.last, last.hasPrefix("["), !last.hasSuffix("]") {
                pieces[pieces.count - 1] += " " + word
            } else {
                pieces.append(word)
            }
        }
        var lines: [String] = []
        for piece in pieces {
            if let last = lines.last, last.count + 1 + piece.count <= columns {
                lines[lines.count - 1] += " " + piece
            } else {
                lines.append(lines.isEmpty ? piece : "         " + piece)
            }
        }
        return lines
    }
}
