import ArgumentParser
import Foundation

/// The help pages: ArgumentParser's text about the command, then the flags that all commands share.
enum HelpText {
    static let columns = 100

    static func page(for command: CommandTree, path: [String]) -> String {
        var text = TaskerCtl.helpMessage(for: command.type, columns: columns)
        if let range = text.range(of: "\n\nOPTIONS:\n") ?? text.range(of: "OPTIONS:\n"), command.flags.isEmpty {
            // Only --help and --version are left there, which the global part has.
            let rest = text[range.upperBound...]
            let end = rest.range(of: "\n\n")?.upperBound
            text = text[..<range.lowerBound] + "\n\n" + (end.map { String(rest[$0...]) } ?? "")
        }
        while text.hasSuffix("\n") { text.removeLast() }
        return text + "\n\n" + GlobalOptions.helpText
    }
}
