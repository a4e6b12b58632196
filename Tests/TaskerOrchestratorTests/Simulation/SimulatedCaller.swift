import Synchronization
import TaskerMessaging
import TaskerProtocol

@testable import TaskerOrchestrator

/// Somebody who wants a task: asks again under the same key until told that it exists.
final class SimulatedCaller {
    let world: SimulatedWorld
    let task: SimulationPlan.Task
    private let answers = Answers()
    private var wasSent = false

    init(world: SimulatedWorld, task: SimulationPlan.Task) {
        self.world = world
        self.task = task
    }

    /// As far as the caller was told.
    var created: TaskID? {
        answers.ids.first
    }

    /// Every id the caller was told; more than one is a violation.
    var told: Set<TaskID> { Set(answers.ids) }

    func ask() {
        guard created == nil, !wasSent else { return }
        // A template must be registered before a message may name it: nobody would hear of the refusal.
        if task.isByMessage {
            guard world.areTemplatesKnown, world.broker.isUp, world.broker.queues[world.names.requests] != nil else {
                return world.clock.after(second) { self.ask() }
            }
            return send()
        }
        world.orchestrator.push(
            .create(CreateTask(request: request) { [answers] in answers.note($0) }), .other)
        world.clock.after(2 * second) { self.ask() }
    }

    /// A patient client: what it publishes arrives, some of it twice.
    private func send() {
        wasSent = true
        var body: [String: JSONValue] = [
            "protocol": "1.0", "kind": "task.request", "name": .string(task.template), "namespace": "sim",
            "context": ["key": .string(task.key)], "idempotency_key": .string(task.key),
        ]
        if task.priority != 0 { body["priority"] = .integer(Int64(task.priority)) }
        let message = OutgoingMessage(
            token: 0, routingKey: world.names.requests,
            properties: MessageProperties(
                messageID: task.key, correlationID: task.key,
                type: MessageKind.amqpType(MessageKind.taskRequest), replyTo: "callers"),
            body: RawJSON(.object(body)).bytes.map(\.self))
        for _ in 0..<(world.random.chance(30) ? 2 : 1) { world.broker.route(message, .request(task.key)) }
    }

    private var request: TaskRequest {
        TaskRequest(
            name: task.template, namespace: "sim", context: RawJSON(["key": .string(task.key)]),
            idempotencyKey: task.key, priority: task.priority)
    }
}

/// What a caller was told.
private final class Answers: Sendable {
    private let list = Mutex<[TaskID]>([])

    var ids: [TaskID] { list.withLock { $0 } }

    func note(_ answer: Result<CreatedTask, OrchestratorError>) {
        if case .success(let created) = answer { list.withLock { $0.append(created.id) } }
    }
}
