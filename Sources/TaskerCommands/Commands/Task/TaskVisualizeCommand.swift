import ArgumentParser
import Foundation
import TaskerProtocol
import TaskerTemplates

struct TaskVisualizeCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "visualize",
        abstract: "Draw a task with the states of its steps.",
        discussion: """
            Example:
              tasker-ctl task visualize @last -f svg -o task.svg
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    @Option(name: [.customShort("f"), .long], help: "mermaid, dot, svg, markdown (default), json or ascii.")
    var graphFormat = "markdown"

    @Option(name: [.customShort("o"), .long], help: "File to write instead of standard output.")
    var output: String?

    @Flag(help: "Without the table of steps.")
    var graphOnly = false

    @Option(help: "Address that the page links to for its task.")
    var baseUrl: String?

    private static let formats = ["mermaid", "dot", "svg", "markdown", "json", "ascii"]

    func run(in context: CommandContext) async throws {
        guard Self.formats.contains(graphFormat) else {
            let near = DocumentTools.nearest(to: graphFormat, among: Self.formats)
            throw CommandError.usage(
                "'\(graphFormat)' is no graph format",
                hint: near.map { "did you mean '\($0)'?" } ?? "there are: " + Self.formats.joined(separator: ", "))
        }
        let client = try context.client()
        let task = try await context.resolve(id, client)
        let text = try await picture(task, client, context)
        guard let output, output != "-" else { return try context.printer.write(text) }
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: context.host.resolve(output)), options: .atomic)
        } catch {
            throw CommandError.failed("cannot write \(output): \(error.localizedDescription)")
        }
        try context.printer.line("wrote \(output)")
    }

    private func picture(_ task: String, _ client: APIClient, _ context: CommandContext) async throws -> String {
        switch graphFormat {
        case "ascii": return Self.tree(try await steps(task, client))
        case "markdown":
            let graph = "```mermaid\n\(try await graph(task, "mermaid", client))```\n"
            if graphOnly { return graph }
            let link = baseUrl.map { "[\(task)](\($0)/v1/tasks/\(task))" } ?? task
            let rows = try await steps(task, client).map { step in
                "| \(Self.cell(step, "name")) | \(Self.cell(step, "current_state")) | "
                    + "\(Self.cell(step, "attempts"))/\(Self.cell(step, "max_attempts")) |\n"
            }
            return "# Task \(link)\n\n\(graph)\n| Step | State | Attempts |\n|---|---|---|\n" + rows.joined()
        default: return try await graph(task, graphFormat, client)
        }
    }

    private func graph(_ task: String, _ format: String, _ client: APIClient) async throws -> String {
        var request = APIRequest(.get, "tasks", task, "graph").with(query: "format", format)
        request.accept = "*/*"
        let answer = try await client.send(request)
        let text = format == "json" ? JSONText.indented(try answer.json()) : answer.text
        return text.hasSuffix("\n") ? text : text + "\n"
    }

    private func steps(_ task: String, _ client: APIClient) async throws -> [JSONValue] {
        try await client.get(APIRequest(.get, "tasks", task, "workflow_steps")).arrayValue ?? []
    }

    private static func cell(_ step: JSONValue, _ name: String) -> String {
        TextTable.clean(step.cell(name)).replacing("|", with: "\\|")
    }

    /// One line per step, in topological order, with what it comes after.
    private static func tree(_ steps: [JSONValue]) -> String {
        let names = Dictionary(
            steps.map { ($0.cell("step_uuid"), $0.cell("name")) }, uniquingKeysWith: { first, _ in first })
        var depth: [String: Int] = [:]
        return steps.map { step in
            let parents = (step["parents"]?.arrayValue ?? []).compactMap(\.stringValue).map { names[$0] ?? $0 }
            let level = parents.compactMap { depth[$0] }.max().map { $0 + 1 } ?? 0
            depth[step.cell("name")] = level
            let after = parents.isEmpty ? "" : "  after " + parents.joined(separator: ", ")
            return String(repeating: "  ", count: level)
                + TextTable.clean("\(step.cell("name")) [\(step.cell("current_state"))]\(after)") + "\n"
        }.joined()
    }
}
