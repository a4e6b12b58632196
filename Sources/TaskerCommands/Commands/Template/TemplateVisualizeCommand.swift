import ArgumentParser
import Foundation
import TaskerProtocol
import TaskerTemplates

struct TemplateVisualizeCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "visualize",
        abstract: "Draw a task template: Mermaid, DOT, SVG, text tree.",
        discussion: """
            Example:
              tasker-ctl template visualize config/tasks/order.yaml -f svg -o order.svg
            """)

    enum GraphFormat: String, CaseIterable {
        case mermaid, dot, svg, markdown, json, ascii
    }

    @Argument(help: "File, or '-' for standard input.")
    var file: String

    @Option(name: [.customShort("f"), .long], help: "mermaid, dot, svg, markdown (default), json or ascii.")
    var graphFormat: String = "markdown"

    @Option(name: [.customShort("o"), .long], help: "File to write instead of standard output.")
    var output: String?

    @Option(name: [.customShort("a"), .long], help: "JSON or YAML file with a note for each step: {step: note}.")
    var annotations: String?

    @Flag(help: "Without the table of steps and the legend.")
    var graphOnly = false

    func run(in context: CommandContext) async throws {
        guard let format = GraphFormat(rawValue: graphFormat) else {
            let names = GraphFormat.allCases.map(\.rawValue)
            let near = DocumentTools.nearest(to: graphFormat, among: names)
            throw CommandError.usage(
                "'\(graphFormat)' is no graph format",
                hint: near.map { "did you mean '\($0)'?" } ?? "there are: " + names.joined(separator: ", "))
        }
        let (template, _) = try TemplateInput.single(file, host: context.host)
        let graph = StepGraphView(template, notes: try notes(template, context))
        let text = render(graph, template, format)
        guard let output, output != "-" else { return try context.printer.write(text) }
        do {
            try Data(text.utf8).write(to: URL(fileURLWithPath: context.host.resolve(output)), options: .atomic)
        } catch {
            throw CommandError.failed("cannot write \(output): \(error.localizedDescription)")
        }
        try context.printer.line("wrote \(output)")
    }

    private func render(_ graph: StepGraphView, _ template: TaskTemplate, _ format: GraphFormat) -> String {
        switch format {
        case .mermaid: return graph.mermaid
        case .dot: return graph.dot
        case .svg: return graph.svg
        case .json: return JSONText.indented(graph.json) + "\n"
        case .ascii: return graph.textTree
        case .markdown:
            let picture = "```mermaid\n\(graph.mermaid)```\n"
            if graphOnly { return picture }
            return "# \(TextTable.clean(graph.title))\n\n\(picture)\nLegend: \(StepGraphView.legend).\n\n"
                + StepTable.markdown(template)
        }
    }

    private func notes(_ template: TaskTemplate, _ context: CommandContext) throws -> [String: String] {
        guard let annotations else { return [:] }
        guard let data = FileManager.default.contents(atPath: context.host.resolve(annotations)) else {
            throw CommandError.notFound("there is no file '\(annotations)'")
        }
        // JSON is YAML too.
        let (root, findings) = DocumentTools.yaml(Array(data), file: annotations)
        guard let root, case .table(let members) = root.content else {
            let reason = findings.first.map { ": \($0.message)" } ?? ""
            throw CommandError.failed("'\(annotations)' is no map of step names to notes\(reason)")
        }
        let names = Set(template.steps.map(\.name))
        var notes: [String: String] = [:]
        for member in members {
            if !names.contains(member.key) {
                try context.printer.warning("\(annotations):\(member.line): there is no step '\(member.key)'")
            }
            if case .scalar(let value) = member.value.content {
                notes[member.key] = value.stringValue ?? value.canonicalText
            }
        }
        return notes
    }
}
