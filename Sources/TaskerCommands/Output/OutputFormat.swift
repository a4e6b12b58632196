import TaskerTemplates

/// How data is printed (command line contract, 2.2).
public enum OutputFormat: String, Sendable, CaseIterable {
    case table, json, jsonl, yaml, name

    init(argument: String) throws(CommandError) {
        guard let format = OutputFormat(rawValue: argument) else {
            let names = Self.allCases.map(\.rawValue)
            let near = DocumentTools.nearest(to: argument, among: names)
            throw .usage(
                "'\(argument)' is no output format",
                hint: near.map { "did you mean '\($0)'?" } ?? "there are: " + names.joined(separator: ", "))
        }
        self = format
    }

    /// Errors are JSON too.
    var isJSON: Bool { self == .json || self == .jsonl }
}
