import ArgumentParser
import TaskerProtocol

/// The commands and flags there are, read off the command types once: for did-you-mean, global flags and completion.
struct CommandTree: Sendable {
    struct Flag: Sendable {
        /// With their dashes.
        var names: [String]
        var takesValue: Bool
        var help: String
        /// Names of the values it takes, for completion.
        var values: [String]
        /// On no help page.
        var isHidden: Bool
    }

    var name: String
    var abstract: String
    var subcommands: [CommandTree]
    var type: any ParsableCommand.Type

    init(_ type: any ParsableCommand.Type) {
        let configuration = type.configuration
        self.type = type
        name = type._commandName
        abstract = configuration.abstract
        subcommands = configuration.subcommands.map { CommandTree($0) }
    }

    /// Read off the type at each use: a run looks at those of one command, and reading all of them takes long.
    var flags: [Flag] { Self.flags(of: type) }

    func subcommand(_ name: String) -> CommandTree? { subcommands.first { $0.name == name } }

    func flag(_ name: String) -> Flag? { flags.first { $0.names.contains(name) } }

    /// Every command of the tree with the path that leads to it, parents first.
    func walk(_ path: [String] = []) -> [(path: [String], command: CommandTree)] {
        let here = path + [name]
        return [(here, self)] + subcommands.flatMap { $0.walk(here) }
    }

    // The description that ArgumentParser gives of itself is its only public inventory of flags.
    private static func flags(of type: any ParsableCommand.Type) -> [Flag] {
        guard let root = try? JSONText.parse(type._dumpHelp()), let command = root["command"] else { return [] }
        return (command["arguments"]?.arrayValue ?? []).compactMap { argument in
            guard let kind = argument["kind"]?.stringValue, kind != "positional" else { return nil }
            let names = (argument["names"]?.arrayValue ?? []).compactMap { name -> String? in
                guard let text = name["name"]?.stringValue else { return nil }
                return (name["kind"]?.stringValue == "long" ? "--" : "-") + text
            }
            guard !names.contains("--help") else { return nil }
            return Flag(
                names: names, takesValue: kind == "option", help: argument["abstract"]?.stringValue ?? "",
                values: (argument["allValues"]?.arrayValue ?? argument["allValueStrings"]?.arrayValue ?? [])
                    .compactMap(\.stringValue),
                isHidden: argument["shouldDisplay"]?.boolValue == false)
        }
    }
}
