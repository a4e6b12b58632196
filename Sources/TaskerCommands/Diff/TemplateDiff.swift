import TaskerProtocol
import TaskerTemplates

/// What a change of a template does to running tasks, handlers, queues and schemas.
struct TemplateDiff {
    private(set) var changes: [TemplateChange] = []
    private let old: TaskTemplate
    private let new: TaskTemplate

    var isBreaking: Bool { changes.contains { $0.effect == .breaking } }

    init(from old: TaskTemplate, to new: TaskTemplate) {
        self.old = old
        self.new = new
        identity()
        steps()
        schema(old.inputSchema, new.inputSchema, step: nil)
        if old.lifecycle != new.lifecycle {
            add(.behaviour, .lifecycle, nil, "the lifecycle limits change", "they apply to tasks created from now on")
        }
        changes = changes.enumerated().sorted { ($0.element.effect, $0.offset) < ($1.element.effect, $1.offset) }.map(
            \.element)
    }

    private mutating func add(
        _ effect: TemplateChange.Effect, _ area: TemplateChange.Area, _ step: String?, _ message: String,
        _ consequence: String
    ) {
        changes.append(
            TemplateChange(effect: effect, area: area, step: step, message: message, consequence: consequence))
    }

    private mutating func identity() {
        if old.name != new.name || old.namespace != new.namespace {
            add(
                .breaking, .identity, nil, "\(old.namespace)/\(old.name) becomes \(new.namespace)/\(new.name)",
                "this is another template: whoever creates tasks by the old name does not meet it")
        }
        if old.version != new.version {
            add(
                .harmless, .identity, nil, "version \(old.version) becomes \(new.version)",
                "both versions stay registered; requests without a version get the highest")
        } else if old != new {
            add(
                .behaviour, .identity, nil, "the version stays \(new.version)",
                "running tasks keep the revision they began with; where template_conflict is 'reject' it is refused")
        }
        if old.identityStrategy != new.identityStrategy {
            add(
                .behaviour, .identity, nil,
                "identity_strategy \(old.identityStrategy.rawValue) becomes \(new.identityStrategy.rawValue)",
                "creating the same task twice is answered differently")
        }
    }

    private mutating func steps() {
        let before = Dictionary(old.steps.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let after = Dictionary(new.steps.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for step in old.steps where after[step.name] == nil {
            let readers = new.steps.filter { $0.dependencies.contains(step.name) }.map(\.name)
            add(
                readers.isEmpty ? .behaviour : .breaking, .step, step.name, "the step is removed",
                "new tasks do without it; handlers that read its result get nothing")
        }
        for step in new.steps {
            guard let previous = before[step.name] else {
                add(
                    .behaviour, .step, step.name, "the step is new",
                    "a worker must have a handler '\(step.handler.callable)'\(queueNote(step))")
                continue
            }
            if previous != step { compare(previous, step) }
        }
    }

    private func queueNote(_ step: StepTemplate) -> String {
        step.handler.queue.map { " on the queue tasker.steps.\($0)" } ?? ""
    }

    private mutating func compare(_ old: StepTemplate, _ new: StepTemplate) {
        let name = new.name
        if old.handler.callable != new.handler.callable
            || (old.handler.method ?? "call") != (new.handler.method ?? "call")
        {
            add(
                .breaking, .handler, name, "the handler \(shown(old.handler)) becomes \(shown(new.handler))",
                "a worker must have the new one before the template is registered, else the step waits")
        }
        if old.handler.resolver != new.handler.resolver {
            add(.behaviour, .handler, name, "the resolver changes", "workers look the handler up differently")
        }
        if old.handler.initialization != new.handler.initialization {
            add(.behaviour, .handler, name, "handler.initialization changes", "the handler gets other settings")
        }
        if old.handler.queue != new.handler.queue {
            let target = new.handler.queue.map { "tasker.steps.\($0)" } ?? "the one that routing gives"
            add(.behaviour, .queue, name, "the queue becomes \(target)", "new steps go there; a fleet must consume it")
        }
        if old.type != new.type {
            add(
                .breaking, .step, name, "the type \(old.type.rawValue) becomes \(new.type.rawValue)",
                "the orchestrator reads the handler's result differently")
        }
        let lost = Set(old.dependencies).subtracting(new.dependencies).sorted()
        let gained = Set(new.dependencies).subtracting(old.dependencies).sorted()
        if !lost.isEmpty {
            add(
                .breaking, .dependency, name, "it no longer waits for \(lost.joined(separator: ", "))",
                "its handler may not get their results")
        }
        if !gained.isEmpty {
            add(.behaviour, .dependency, name, "it also waits for \(gained.joined(separator: ", "))", "it starts later")
        }
        if old.retry != new.retry {
            let text = "retry: \(retry(old.retry)) becomes \(retry(new.retry))"
            add(.behaviour, .retry, name, text, "tasks that run keep the old policy")
        }
        if old.timeoutMilliseconds != new.timeoutMilliseconds {
            add(
                .behaviour, .timeout, name,
                "timeout \(timeout(old.timeoutMilliseconds)) becomes \(timeout(new.timeoutMilliseconds))",
                "an execution that takes longer is a failure")
        }
        if old.batch != new.batch {
            add(.behaviour, .batch, name, "batch_config changes", "new batch sets are divided or run differently")
        }
        if old.publishesEvents != new.publishesEvents {
            let gone = Set(old.publishesEvents.map(\.name)).subtracting(new.publishesEvents.map(\.name)).sorted()
            add(
                gone.isEmpty ? .behaviour : .breaking, .event, name,
                gone.isEmpty ? "its events change" : "it no longer publishes \(gone.joined(separator: ", "))",
                "subscribers see the difference")
        }
        schema(old.resultSchema, new.resultSchema, step: name)
    }

    private mutating func schema(_ old: JSONValue?, _ new: JSONValue?, step: String?) {
        guard old != new else { return }
        // A task's input is written by callers and read by handlers; a result is written by its handler and read by others.
        let subject = step == nil ? "input_schema" : "result_schema"
        let differences = SchemaDiff.compare(old, new)
        let readers = self.old.steps.filter { reader in step.map { reader.dependencies.contains($0) } ?? false }
        let note = readers.isEmpty ? "" : "; read by \(readers.map(\.name).joined(separator: ", "))"
        for difference in differences {
            add(
                difference.effect, .schema, step,
                "\(subject)\(difference.path.isEmpty ? "" : " " + difference.path): \(difference.message)",
                difference.consequence + (difference.effect == .harmless ? "" : note))
        }
        if differences.isEmpty {
            add(.harmless, .schema, step, "\(subject) changes in words only", "nothing checks them")
        }
    }

    private func shown(_ handler: HandlerReference) -> String {
        handler.callable + (handler.method.map { "#" + $0 } ?? "")
    }

    private func retry(_ policy: RetryPolicy) -> String {
        "\(policy.attemptLimit) x \(policy.backoff.rawValue) \(policy.backoffBaseMilliseconds)-\(policy.maxBackoffMilliseconds) ms"
    }

    private func timeout(_ milliseconds: Int64?) -> String {
        milliseconds.map { "\(Double($0) / 1000) s" } ?? "the orchestrator's default"
    }
}
