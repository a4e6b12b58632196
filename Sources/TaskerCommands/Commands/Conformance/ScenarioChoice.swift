import ArgumentParser
import Foundation
import TaskerTemplates

/// Which scenarios of which checkout.
struct ScenarioChoice: ParsableArguments {
    @Option(help: "How the worker speaks: amqp (default) or stdio.")
    var transport = "amqp"

    @Option(help: "Scenario, '*' allowed; repeatable.")
    var only: [String] = []

    @Option(name: .customLong("protocol"), help: "Folder protocol/ of a checkout (default: here or above).")
    var protocolFolder: String?

    func scenarios(of files: ConformanceFiles) throws(CommandError) -> [ConformanceFiles.Scenario] {
        guard transport == "amqp" || transport == "stdio" else {
            throw .usage("'\(transport)' is no transport", hint: "there are: amqp, stdio")
        }
        let possible = files.scenarios.filter { $0.transports.contains(transport) }
        let chosen = possible.filter { one in only.isEmpty || only.contains { Self.matches(one.name, $0) } }
        guard !chosen.isEmpty else {
            let near = only.first.flatMap { DocumentTools.nearest(to: $0, among: possible.map(\.name)) }
            throw .notFound(
                "no scenario over \(transport) is called \(only.map { "'\($0)'" }.joined(separator: ", "))",
                hint: near.map { "did you mean '\($0)'?" }
                    ?? "see 'tasker-ctl conformance list --transport \(transport)'")
        }
        return chosen
    }

    private static func matches(_ name: String, _ pattern: String) -> Bool {
        fnmatch(pattern, name, 0) == 0
    }
}
