import ArgumentParser
import TaskerProtocol

struct TaskCancelCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Cancel tasks.",
        discussion: """
            Example:
              tasker-ctl task cancel 01982f6a --reason "ordered twice" --yes
            """)

    @Argument(help: "Tasks: ids, beginnings of them, or @last.")
    var ids: [String]

    @OptionGroup var audit: ActorOptions

    @Flag(help: "Wait until they rest.")
    var wait = false

    @Flag(name: [.customShort("y"), .long], help: "Do not ask.")
    var yes = false

    @Flag(help: "Print which tasks would be cancelled, cancel none.")
    var dryRun = false

    func run(in context: CommandContext) async throws {
        let client = try context.client()
        var tasks: [String] = []
        for id in ids {
            let task = try await context.resolve(id, client)
            if !tasks.contains(task) { tasks.append(task) }
        }
        let bulk = BulkAction(context: context)
        if dryRun {
            return try await bulk.run(tasks) { id in
                let task = try await client.get(APIRequest(.get, "tasks", id))
                return (task, "\(id)  \(task.cell("status"))  would be cancelled")
            }
        }
        try context.confirm("Cancel \(tasks.count == 1 ? "task \(tasks[0])" : "\(tasks.count) tasks")?", yes: yes)
        let body: JSONValue = ["reason": .string(audit.reason), "cancelled_by": .string(audit.actor(context.host))]
        try await bulk.run(tasks) { id in
            var task = try await client.send(APIRequest(.delete, "tasks", id).with(body: body)).json()
            if wait { task = try await TaskFollower(id: id, client: client, context: context).untilItRests() }
            return (task, "\(id)  \(task.cell("status"))")
        }
    }
}

/// `POST /v1/tasks/{uuid}/{action}` and the task as it is then.
private func act(
    _ action: String, on id: String, _ audit: ActorOptions, more: [String: JSONValue] = [:], in context: CommandContext
) async throws {
    let client = try context.client()
    let task = try await context.resolve(id, client)
    var body: [String: JSONValue] = ["reason": .string(audit.reason), "by": .string(audit.actor(context.host))]
    body.merge(more) { $1 }
    let answer = try await client.send(APIRequest(.post, "tasks", task, action).with(body: .object(body))).json()
    try context.printer.object(answer, name: task, text: "\(task)  \(answer.cell("status"))\n")
}

struct TaskRetryCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Run the failed steps of a task again.",
        discussion: """
            Example:
              tasker-ctl task retry @last --step charge_card --reason "card service is back"
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    @Option(help: "Only this step; repeatable.")
    var step: [String] = []

    @OptionGroup var audit: ActorOptions

    func run(in context: CommandContext) async throws {
        let steps: [String: JSONValue] = step.isEmpty ? [:] : ["steps": .array(step.map { .string($0) })]
        try await act("retry", on: id, audit, more: steps, in: context)
    }
}

struct TaskGiveUpCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "give-up",
        abstract: "End a task that is blocked by failures, in error.",
        discussion: """
            Example:
              tasker-ctl task give-up @last --reason "the customer left" --yes
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    @OptionGroup var audit: ActorOptions

    @Flag(name: [.customShort("y"), .long], help: "Do not ask.")
    var yes = false

    func run(in context: CommandContext) async throws {
        try context.confirm("End task \(id) in error?", yes: yes)
        try await act("give-up", on: id, audit, in: context)
    }
}

struct TaskResolveCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve",
        abstract: "End a task as resolved by hand.",
        discussion: """
            Example:
              tasker-ctl task resolve @last --reason "shipped by hand"
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    @OptionGroup var audit: ActorOptions

    func run(in context: CommandContext) async throws { try await act("resolve", on: id, audit, in: context) }
}

// MARK: - Steps

/// `PATCH` of a step, and the step as it is then.
private func patch(_ id: String, _ step: String, _ body: JSONValue, in context: CommandContext) async throws {
    let client = try context.client()
    let task = try await context.resolve(id, client)
    let answer = try await client.send(APIRequest(.patch, "tasks", task, "workflow_steps", step).with(body: body))
        .json()
    let text = "\(answer.cell("name"))  \(answer.cell("current_state"))\n"
    try context.printer.object(answer, name: answer.cell("name"), text: TextTable.clean(text) + "\n")
}

struct TaskResetStepCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset-step",
        abstract: "Give a failed step new attempts.",
        discussion: """
            Example:
              tasker-ctl task reset-step @last charge_card --reason "card service is back"
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    @Argument(help: "Step: name or id.")
    var step: String

    @OptionGroup var audit: ActorOptions

    @Flag(help: "Begin a batch worker from its start again.")
    var clearCheckpoint = false

    func run(in context: CommandContext) async throws {
        var body: [String: JSONValue] = [
            "action_type": "reset_for_retry", "reason": .string(audit.reason),
            "reset_by": .string(audit.actor(context.host)),
        ]
        if clearCheckpoint { body["clear_checkpoint"] = true }
        try await patch(id, step, .object(body), in: context)
    }
}

struct TaskResolveStepCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "resolve-step",
        abstract: "Call a failed step resolved, without a result.",
        discussion: """
            Example:
              tasker-ctl task resolve-step @last send_mail --reason "told by phone"
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    @Argument(help: "Step: name or id.")
    var step: String

    @OptionGroup var audit: ActorOptions

    func run(in context: CommandContext) async throws {
        let body: JSONValue = [
            "action_type": "resolve_manually", "reason": .string(audit.reason),
            "resolved_by": .string(audit.actor(context.host)),
        ]
        try await patch(id, step, body, in: context)
    }
}

struct TaskCompleteStepCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete-step",
        abstract: "Complete a failed step with a result of your own.",
        discussion: """
            Example:
              tasker-ctl task complete-step @last charge_card --result '{"charge_id": "c-17"}'
            """)

    @Argument(help: "Task: id, beginning of it, or @last.")
    var id: String

    @Argument(help: "Step: name or id.")
    var step: String

    @Option(help: "Result: JSON, @FILE, or - for standard input.")
    var result: String

    @Option(help: "Metadata: a JSON object, @FILE, or -.")
    var metadata: String?

    @OptionGroup var audit: ActorOptions

    func run(in context: CommandContext) async throws {
        var data: [String: JSONValue] = [
            "result": try JSONArgument.read(result, for: "--result", host: context.host)
        ]
        if let metadata {
            data["metadata"] = try JSONArgument.object(metadata, for: "--metadata", host: context.host)
        }
        let body: JSONValue = [
            "action_type": "complete_manually", "completion_data": .object(data), "reason": .string(audit.reason),
            "completed_by": .string(audit.actor(context.host)),
        ]
        try await patch(id, step, body, in: context)
    }
}
