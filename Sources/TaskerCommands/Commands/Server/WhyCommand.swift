import ArgumentParser
import TaskerProtocol

struct WhyCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "why",
        abstract: "Say why a task or a step is not moving, and what to do.",
        discussion: """
            Example:
              tasker-ctl why @last/charge_card
            """)

    @Argument(help: "TASK or TASK/STEP (default @last).")
    var subject = TaskReference.last

    func run(in context: CommandContext) async throws {
        let parts = subject.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let client = try context.client()
        let task = try await context.resolve(parts[0].isEmpty ? TaskReference.last : parts[0], client)
        let request =
            parts.count > 1 && !parts[1].isEmpty
            ? APIRequest(.get, "tasks", task, "steps", parts[1], "why") : APIRequest(.get, "tasks", task, "why")
        let body = try await client.get(request)
        try context.printer.object(body, name: body.cell("verdict"), text: text(body, context))
    }

    private func text(_ body: JSONValue, _ context: CommandContext) -> String {
        let now = context.host.now()
        let style = context.printer.style
        func since(_ value: JSONValue) -> String {
            value["since"]?.stringValue == nil ? "" : " (\(RelativeTime.text(value["since"], now: now)))"
        }
        var text = TextTable.clean(body.cell("summary")) + "\n"
        text += style(.dim, "\(body.cell("state")), \(body.cell("verdict"))\(since(body))") + "\n"
        let reasons = body["reasons"]?.arrayValue ?? []
        if !reasons.isEmpty {
            text += "\n" + reasons.map { "  - " + TextTable.clean($0.cell("message")) + since($0) + "\n" }.joined()
        }
        if let next = body["next"], next != .null {
            let time = next["at"]?.stringValue == nil ? "" : " (\(RelativeTime.text(next["at"], now: now)))"
            text += "\nNext: " + TextTable.clean(next.cell("what")) + time + "\n"
        }
        let suggestions = body["suggestions"]?.arrayValue ?? []
        if !suggestions.isEmpty { text += "\nWhat you can do:\n" }
        for one in suggestions {
            text += "  " + TextTable.clean(one.cell("text")) + "\n"
            if let command = one["command"]?.stringValue { text += "    " + TextTable.clean(command) + "\n" }
        }
        return text
    }
}
