import ArgumentParser
import TaskerProtocol

struct TemplateDiffCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Tell what a changed template does; exit 1 when a handler or schema breaks.",
        discussion: """
            Example:
              tasker-ctl template diff old/order.yaml config/tasks/order.yaml
            """)

    @Argument(help: "The template as it is: a file, or '-'.")
    var before: String

    @Argument(help: "The template as it will be.")
    var after: String

    func run(in context: CommandContext) async throws {
        let (old, _) = try TemplateInput.single(before, host: context.host)
        let (new, _) = try TemplateInput.single(after, host: context.host)
        let diff = TemplateDiff(from: old, to: new)
        var table = TextTable("effect", "area", "step", "change", "consequence")
        for change in diff.changes {
            table.add(
                change.effect.rawValue, change.area.rawValue, change.step ?? "-", change.message, change.consequence)
        }
        let items = diff.changes.map(\.json)
        let body: JSONValue = ["breaking": .bool(diff.isBreaking), "changes": .array(items)]
        if diff.changes.isEmpty { try context.printer.note("the templates are the same") }
        try context.printer.list(
            body: body, items: items, names: diff.changes.compactMap(\.step).uniqued,
            table: diff.changes.isEmpty ? nil : table)
        if diff.isBreaking { throw SilentExit(.failure) }
    }
}
