import ArgumentParser
import Foundation
import TaskerProtocol
import TaskerTemplates

struct TaskCreateCommand: TaskerCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Create a task.",
        discussion: """
            Example:
              tasker-ctl task create ecommerce/order_processing --input '{"order_id": 17}' --wait
              tasker-ctl task create -n ecommerce --name order_processing --set order_id=17
            """)

    @Argument(help: "NAMESPACE/NAME or NAMESPACE/NAME@VERSION of the template.")
    var template: String?

    @Option(name: [.customShort("n"), .long], help: "Namespace of the template.")
    var namespace: String?

    @Option(help: "Name of the template.")
    var name: String?

    @Option(name: [.customShort("v"), .long], help: "Version (default: the highest).")
    var version: String?

    @Option(
        name: [.customShort("i"), .long, .customLong("context")], help: "Input: a JSON object, @FILE, or - for stdin.")
    var input: String?

    @Option(help: "One member of the input, KEY=VALUE; dots lead into objects; repeatable.")
    var set: [String] = []

    @Option(name: [.customShort("d"), .long], help: "Why the task exists.")
    var description: String?

    @Option(name: [.customShort("p"), .long], help: "-100 to 100, higher first (default 0).")
    var priority: Int?

    @Option(name: [.customShort("c"), .long], help: "UUID that joins tasks of one matter.")
    var correlationId: String?

    @Option(help: "Tag; repeatable.")
    var tag: [String] = []

    @Option(help: "The same key and input give the same task (default: a new key).")
    var idempotencyKey: String?

    @Flag(help: "Check the input against the template, create nothing.")
    var dryRun = false

    @Flag(help: "Wait until the task rests; exit 2 when it failed.")
    var wait = false

    @Flag(help: "Follow its steps until it rests.")
    var watch = false

    func run(in context: CommandContext) async throws {
        let wanted = try TemplateReference(template, namespace: namespace, name: name, version: version)
        let input = try input(context.host)
        let client = try context.client()
        if dryRun { return try await check(wanted, input, client, context) }

        var body: [String: JSONValue] = [
            "namespace": .string(wanted.namespace), "name": .string(wanted.name), "context": input,
            "source_system": "tasker-ctl",
        ]
        body["version"] = wanted.version.map { .string($0) }
        body["reason"] = description.map { .string($0) }
        body["priority"] = priority.map { .number($0) }
        body["correlation_id"] = correlationId.map { .string($0) }
        if !tag.isEmpty { body["tags"] = .array(tag.map { .string($0) }) }
        // With credentials the server knows who asks.
        if context.settings[.token] == nil, context.settings[.apiKey] == nil {
            body["initiator"] = .string(context.host.userName)
        }
        var request = APIRequest(.post, "tasks").with(body: .object(body))
        request.idempotencyKey = idempotencyKey ?? UUID().uuidString.lowercased()
        let answer = try await client.send(request)
        let task = try answer.json()
        guard let id = task["task_uuid"]?.stringValue else {
            throw CommandError.failed("the server's answer names no task")
        }
        LastTask.write(id, context.host)
        try await show(task, id, isNew: answer.status == 201, client, context)
    }

    private func show(
        _ task: JSONValue, _ id: String, isNew: Bool, _ client: APIClient, _ context: CommandContext
    ) async throws {
        let printer = context.printer
        let word = isNew ? "created" : "existing"
        let line = "\(word) \(id)  \(task.cell("namespace"))/\(task.cell("name"))@\(task.cell("version"))"
        let follower = TaskFollower(id: id, client: client, context: context)
        if watch {
            try printer.note(line)
            return try await TaskWatch(follower: follower).run()
        }
        if wait {
            try printer.note(line)
            let rested = try await follower.untilItRests()
            try printer.object(rested, name: id, text: TaskText(context).task(rested))
            return try TaskFollower.judge(rested.cell("status"))
        }
        try printer.object(task, name: id, text: TextTable.clean("\(line)  \(task.cell("status"))") + "\n")
    }

    // MARK: - Arguments

    private func input(_ host: Host) throws -> JSONValue {
        var value = try input.map { try JSONArgument.object($0, for: "--input", host: host) } ?? [:]
        for assignment in set { value = try JSONArgument.set(assignment, in: value) }
        return value
    }

    /// What the server would check, without a task.
    private func check(
        _ wanted: TemplateReference, _ input: JSONValue, _ client: APIClient, _ context: CommandContext
    ) async throws {
        let template = try await client.get(
            APIRequest(.get, "templates", wanted.namespace, wanted.name, wanted.version ?? "latest"))
        var violations: [JSONSchema.Violation] = []
        if let schema = template["input_schema"], schema != .null {
            do throws(SchemaError) {
                violations = try JSONSchema(compiling: schema).validate(input, options: .context)
            } catch {
                throw CommandError.failed("the template's input_schema cannot be used: \(error)")
            }
        }
        let title = "\(wanted.namespace)/\(wanted.name)@\(template.cell("version"))"
        let errors = violations.map { one -> JSONValue in
            ["pointer": .string(one.pointer), "keyword": .string(one.keyword), "message": .string(one.message)]
        }
        let body: JSONValue = [
            "valid": .bool(violations.isEmpty), "template": .string(title), "errors": .array(errors),
        ]
        let text =
            violations.isEmpty
            ? "\(title): the input is valid\n"
            : violations.map { TextTable.clean("\($0.pointer.isEmpty ? "/" : $0.pointer): \($0.message)") + "\n" }
                .joined()
        try context.printer.object(body, name: title, text: text)
        if !violations.isEmpty { throw SilentExit(.failure) }
    }
}
