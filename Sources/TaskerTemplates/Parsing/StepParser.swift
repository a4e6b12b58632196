import TaskerProtocol

/// A step as read, with the places that later checks report.
struct StepDraft {
    var step: StepTemplate
    var position: Position
    var namePosition: Position
    /// As written, unknown and repeated ones left out.
    var dependencies: [Reference]
    /// Names of batch workers that the step points at.
    var workerReferences: [Reference]
    /// False when the type could not be read: nothing that follows from it is reported.
    var isTypeKnown: Bool

    struct Reference {
        var name: String
        var position: Position
    }

    var isNamed: Bool { !step.name.isEmpty }
    var label: String { isNamed ? quoted(step.name) : "without a name" }
    /// For findings.
    var stepName: String? { isNamed && step.name.utf8.count <= 128 ? step.name : nil }
}

struct StepParser {
    let findings: FindingCollector

    /// - Parameter number: from 1, names the step when it has no name.
    func step(_ node: Node, number: Int) -> StepDraft? {
        guard !node.isNull else {
            findings.add(.typeMismatch, "step \(number) must be a map, not null", at: node.position)
            return nil
        }
        let place = place(node, number: number)
        guard
            let map = MapReader(node, table: Tables.step, place: place, what: "step \(number)", findings: findings)
        else { return nil }

        let name = name(map)
        let dependencies = dependencies(map, of: name)
        let type = type(map)
        let handler = handler(map)
        var batch = map.node("batch_config").flatMap { BatchParser(findings: findings).batch($0, place: place) }
        if let type, type != .batchable, type != .batchWorker, let entry = map.entry("batch_config"),
            !entry.value.isNull
        {
            map.add(
                .batchConfigIgnored, "'batch_config' has no effect on \(place.text), whose type is \(type.rawValue)",
                at: entry.keyPosition)
            batch = nil
        }
        if let entry = map.entry("composition"), !entry.value.isNull {
            map.add(
                .compositionUnsupported, "'composition' of \(place.text) is not supported and has no effect",
                at: entry.keyPosition)
        }
        let resultSchema = map.schema("result_schema")
        if map.entry("result_schema")?.value.isNull != false {
            map.add(.noResultSchema, "\(place.text) has no 'result_schema'", at: map.position)
        }
        let step = StepTemplate(
            name: name, description: map.string("description"), handler: handler.reference, type: type ?? .standard,
            dependencies: dependencies.map(\.name), retry: RetryParser(findings: findings).retry(map),
            timeoutMilliseconds: timeout(map), batch: batch?.configuration,
            publishesEvents: EventParser(findings: findings).events(map), resultSchema: resultSchema,
            resultSchemaPolicy: map.choice("result_schema_policy", ResultSchemaPolicy.self))
        return StepDraft(
            step: step, position: map.position, namePosition: map.position("name"), dependencies: dependencies,
            workerReferences: (batch?.workerReference).map { [$0] + handler.workers } ?? handler.workers,
            isTypeKnown: type != nil)
    }

    private func place(_ node: Node, number: Int) -> Place {
        let entry = node.entries?.first { $0.key == "name" }
        guard case .string(let name)? = entry?.value.scalar?.value, !name.isEmpty else {
            return Place(text: "step \(number)")
        }
        return Place(text: "step \(quoted(name))", step: name.utf8.count <= 128 ? name : nil)
    }

    private func name(_ map: MapReader) -> String {
        map.require("name")
        guard let name = map.string("name", length: 1...128) else { return "" }
        if name == "ALL" {
            map.add(
                .reservedStepName, "a step cannot be named 'ALL'", at: map.position("name"),
                hint: "'ALL' means every step in 'environments'")
        } else if !Names.isName(name) {
            map.add(
                .badName, "\(quoted(name)) is no step name", at: map.position("name"),
                hint: "letters, digits, '_', '.', '-'; the first is a letter or '_'")
        }
        return name
    }

    private func type(_ map: MapReader) -> StepType? {
        let stated = map.entry("type")
        if stated == nil || stated?.value.isNull == true { return .standard }
        return map.choice("type", StepType.self, aliases: ["deferred": .deferredConvergence])
    }

    /// Without repetition.
    private func dependencies(_ map: MapReader, of name: String) -> [StepDraft.Reference] {
        let names = map.names("dependencies")
        guard names.count <= DocumentParser.dependencyLimit else {
            map.add(
                .tooManyDependencies,
                "\(map.place.text) has \(names.count) dependencies; the most is \(DocumentParser.dependencyLimit)",
                at: map.position("dependencies"))
            return []
        }
        var seen: [String: Position] = [:]
        var references: [StepDraft.Reference] = []
        for (text, position) in names {
            if let first = seen[text] {
                map.add(
                    .dependencyRepeated, "\(map.place.text) names the dependency \(quoted(text)) twice", at: position,
                    related: [Diagnostic.Related(line: first.line, column: first.column, message: "it is first here")])
                continue
            }
            seen[text] = position
            references.append(StepDraft.Reference(name: text, position: position))
        }
        return references
    }

    private func timeout(_ map: MapReader) -> Int64? { Self.timeout(map) }

    static func timeout(_ map: MapReader) -> Int64? {
        let rule = "more than 0 and at most 604800"
        guard let milliseconds = map.seconds("timeout_seconds", rule: rule), let node = map.node("timeout_seconds")
        else {
            return nil
        }
        let isPositive = (node.scalar?.value.doubleValue ?? 0) > 0
        guard isPositive, milliseconds <= 604_800_000 else {
            map.outOfRange("timeout_seconds", node, rule)
            return nil
        }
        return max(1, milliseconds)
    }

    // MARK: - handler

    private func handler(_ step: MapReader) -> (reference: HandlerReference, workers: [StepDraft.Reference]) {
        step.require("handler", hint: "write handler: { callable: NAME }")
        let none = (reference: HandlerReference(callable: ""), workers: [StepDraft.Reference]())
        guard let node = step.node("handler") else { return none }
        let hint = node.scalar?.value.stringValue.map { "write handler: { callable: \($0.prefix(60)) }" }
        guard
            let map = MapReader(
                node, table: Tables.handler, place: step.place.inner("handler"),
                what: "'handler' of \(step.place.text)",
                hint: hint, findings: findings)
        else { return none }

        map.require("callable")
        var callable = ""
        if let text = map.string("callable") {
            if text.unicodeScalars.allSatisfy(\.properties.isWhitespace) {
                map.add(
                    .emptyCallable, "the callable of \(step.place.text) is blank", at: map.position("callable"),
                    hint: "name the handler that runs the step")
            } else {
                callable = map.string("callable", length: 1...500) ?? ""
            }
        }
        let method = map.string("method", length: 1...500)
        let initialization = map.object("initialization")
        let reference = HandlerReference(
            callable: callable, method: method == "call" ? nil : method, resolver: map.string("resolver"),
            initialization: initialization, queue: Self.queue(map))
        var workers: [StepDraft.Reference] = []
        let named = map.node("initialization")?.entries?.first { $0.key == "worker_template_name" }
        if let value = named?.value, case .string(let name)? = value.scalar?.value {
            workers.append(StepDraft.Reference(name: name, position: value.position))
        }
        return (reference, workers)
    }

    static func queue(_ map: MapReader) -> String? {
        guard let queue = map.string("queue", length: 1...128) else { return nil }
        if queue.hasPrefix("amq.") {
            map.add(
                .queueReserved, "the queue \(quoted(queue)) starts with 'amq.', which the broker keeps for itself",
                at: map.position("queue"), hint: "choose another name")
        } else if !Names.isQueue(queue) {
            map.add(
                .badName, "\(quoted(queue)) is no queue name", at: map.position("queue"),
                hint: "letters, digits and _ . : @ / # -")
        }
        return queue
    }
}
