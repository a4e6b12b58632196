import Logging
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// New tasks and templates, and the end of tasks by request.
extension Coordinator {
    func create(_ request: CreateTask) async throws {
        do throws(OrchestratorError) {
            let created = try await makeTask(
                request.request, traceParent: request.traceParent, traceState: request.traceState)
            afterCommit.replies.append { request.reply(.success(created)) }
        } catch {
            if error.code == .unavailable { throw StoreError(.unavailable, error.message) }
            afterCommit.replies.append { request.reply(.failure(error)) }
        }
    }

    /// A request by message: the same path, and an answer to `reply_to` if there is one.
    func intake(
        _ request: Result<TaskRequest, RequestFaults>, key: String?, replyTo: String?, correlationID: String?,
        _ delivery: Delivery
    ) async throws {
        var answer: [UInt8]
        var kind = MessageKind.taskAccepted
        do throws(OrchestratorError) {
            var request = try read(request)
            request.idempotencyKey = key
            if request.initiator == nil { request.initiator = "message" }
            var trace: (String?, String?) = (nil, nil)
            if case .string(let text)? = delivery.properties.headers["traceparent"] { trace.0 = text }
            if case .string(let text)? = delivery.properties.headers["tracestate"] { trace.1 = text }
            let created = try await makeTask(request, traceParent: trace.0, traceState: trace.1)
            answer = Self.accepted(created)
        } catch {
            if error.code == .unavailable { throw StoreError(.unavailable, error.message) }
            kind = MessageKind.taskRejected
            answer = Self.rejected(error)
            if replyTo == nil {
                // Nobody hears the answer: people must be able to find the request.
                return deadLetter(
                    delivery, reason: "task_rejected", detail: error.description, origin: settings.names.requests)
            }
        }
        afterCommit.acks.append(delivery.tag)
        guard let replyTo else { return }
        let notice = OutboxMessage(
            id: nextOutboxID, exchange: "", routingKey: replyTo, type: MessageKind.amqpType(kind),
            correlationID: correlationID, body: RawJSON(trusting: answer), isTransient: false)
        nextOutboxID += 1
        newOutbox.append(notice)
        afterCommit.outbox.append(notice)
        mustCommit = true
    }

    private func read(_ request: Result<TaskRequest, RequestFaults>) throws(OrchestratorError) -> TaskRequest {
        switch request {
        case .success(let request): return request
        case .failure(let faults):
            var error = OrchestratorError(.invalidRequest, "the request breaks \(faults.faults.count) rule(s)")
            error.faults = faults.faults
            throw error
        }
    }

    private func makeTask(_ request: TaskRequest, traceParent: String?, traceState: String?)
        async
        throws(OrchestratorError) -> CreatedTask
    {
        guard
            let entry = templates.find(namespace: request.namespace, name: request.name, version: request.version)
        else {
            throw OrchestratorError(
                .templateNotFound,
                "there is no template \(request.namespace)/\(request.name)"
                    + (request.version.map { " version \($0)" } ?? ""),
                hint: templates.hint(namespace: request.namespace, name: request.name, version: request.version))
        }
        guard request.context.count <= settings.maxContextBytes else {
            throw OrchestratorError(.invalidRequest, "the context is larger than \(settings.maxContextBytes) bytes")
        }
        let (identity, requestHash) = try identity(of: request, entry)
        if let identity, let existing = try await holder(of: identity) {
            guard existing.requestHash == requestHash, identity.key.hasPrefix("key:") else {
                var error = OrchestratorError(
                    .conflict,
                    identity.key.hasPrefix("key:")
                        ? "the idempotency key belongs to another request"
                        : "a task of the same template, version and context exists, and the template's identity_strategy is strict"
                )
                error.existingTask = existing.task
                throw error
            }
            return CreatedTask(id: existing.task, isNew: false)
        }
        try checkInput(request.context, entry)
        let namespace = entry.template.namespace
        try checkBacklog(namespace: namespace)
        let header = TaskHeader(
            id: ids.nextID(at: now), context: request.context,
            correlationID: request.correlationID ?? ids.nextID(at: now),
            parentCorrelationID: request.parentCorrelationID, initiator: request.initiator ?? "api",
            sourceSystem: request.sourceSystem ?? "api", reason: request.reason ?? "Task requested",
            tags: request.tags, priority: request.priority, requestedAt: request.requestedAt ?? now, createdAt: now,
            environment: settings.environment, options: request.options, traceParent: traceParent,
            traceState: traceState)
        let task = WorkflowTask(header: header, plan: entry.plan) { ids.nextID(at: now) }
        let cached = CachedTask(task)
        cache[header.id] = cached
        var draft = draft(of: header.id)
        draft.birth = TaskBirth(partition: settings.partition, identity: identity, requestHash: requestHash)
        draft.taskChanged = true
        changes[header.id] = draft
        mustCommit = true
        if let identity { pendingIdentities[identity] = (header.id, requestHash) }
        openTasks[namespace, default: 0] += 1
        apply(.start, to: cached)
        return CreatedTask(id: header.id, isNew: true)
    }

    private func identity(of request: TaskRequest, _ entry: TemplateRegistry.Entry) throws(OrchestratorError) -> (
        TaskIdentity?, String
    ) {
        let template = entry.template
        func scoped(_ key: String) -> TaskIdentity {
            TaskIdentity(namespace: template.namespace, name: template.name, key: key)
        }
        if request.idempotencyKey == nil, template.identityStrategy == .alwaysUnique { return (nil, "") }
        let canonical: JSONValue = [
            "namespace": .string(template.namespace), "name": .string(template.name),
            "version": .string(template.version), "context": request.context.value,
        ]
        let hash = SHA256.hexString(SHA256.hash(canonical.canonicalBytes))
        if let key = request.idempotencyKey { return (scoped("key:\(key)"), hash) }
        switch template.identityStrategy {
        case .alwaysUnique: return (nil, "")
        case .strict: return (scoped("strict:\(hash)"), hash)
        case .callerProvided:
            throw OrchestratorError(
                .idempotencyKeyRequired, "template \(template.namespace)/\(template.name) wants the caller's key",
                hint: "Send idempotency_key or the header Idempotency-Key")
        }
    }

    private func holder(of identity: TaskIdentity) async throws(OrchestratorError) -> (
        task: TaskID, requestHash: String
    )? {
        if let pending = pendingIdentities[identity] { return pending }
        do { return try await store.identity(identity) } catch {
            throw OrchestratorError(.unavailable, "the store does not answer: \(error)")
        }
    }

    private func checkInput(_ context: RawJSON, _ entry: TemplateRegistry.Entry) throws(OrchestratorError) {
        guard settings.inputSchemaPolicy != .off, let schema = entry.inputSchema else { return }
        let violations = schema.validate(context, options: .context)
        guard !violations.isEmpty else { return }
        if settings.inputSchemaPolicy == .warn {
            return log.warning(
                "a context breaks its input_schema", metadata: ["template": .string(entry.template.name)])
        }
        var error = OrchestratorError(
            .invalidRequest, "the context breaks the template's input_schema in \(violations.count) place(s)")
        error.faults = violations.prefix(50).map {
            RequestFault(pointer: "/context\($0.pointer)", keyword: $0.keyword, message: $0.message)
        }
        throw error
    }

    func cancel(_ request: CancelTask) {
        guard let cached = cache[request.task] else {
            let error = OrchestratorError(.taskNotFound, "there is no task \(request.task)")
            return afterCommit.replies.append { request.reply(.failure(error)) }
        }
        guard !cached.task.state.isTerminal else {
            let error = OrchestratorError(.alreadyTerminal, "the task is \(cached.task.state.rawValue) already")
            return afterCommit.replies.append { request.reply(.failure(error)) }
        }
        apply(.cancel(reason: request.reason, actor: request.actor), to: cached)
        afterCommit.replies.append { request.reply(.success(())) }
    }

    // MARK: - Answers by message

    private static func accepted(_ created: CreatedTask) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(MessageKind.taskAccepted)
        writer.key("task_uuid")
        writer.value(created.id)
        writer.key("created")
        writer.value(created.isNew)
        writer.endObject()
        return writer.finish()
    }

    private static func rejected(_ error: OrchestratorError) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("protocol")
        writer.value(WireProtocol.version)
        writer.key("kind")
        writer.value(MessageKind.taskRejected)
        writer.key("problem")
        writer.value(error.problem)
        writer.endObject()
        return writer.finish()
    }
}

extension OrchestratorError {
    /// The members of an RFC 9457 problem that do not depend on HTTP.
    var problem: JSONValue {
        var members: [String: JSONValue] = ["title": .string(code.rawValue), "detail": .string(description)]
        if !faults.isEmpty {
            members["errors"] = .array(
                faults.map {
                    ["pointer": .string($0.pointer), "keyword": .string($0.keyword), "message": .string($0.message)]
                })
        }
        if let existingTask { members["existing_task_uuid"] = .string(existingTask.description) }
        return .object(members)
    }
}
