import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates

let noon = Timestamp(milliseconds: 1_800_000_000_000)

/// Plans by hash, given out as they are: what a store must keep of a template is tested apart from it.
struct PlanBook: PlanSource {
    var plans: [String: WorkflowPlan] = [:]

    init(_ plans: WorkflowPlan...) {
        for plan in plans { self.plans[plan.hash] = plan }
    }

    var first: WorkflowPlan { plans.values.first ?? .order() }

    func plan(hash: String, canonical: () throws -> RawJSON) throws -> WorkflowPlan {
        guard let plan = plans[hash] else { throw UnknownPlan(hash: hash, canonical: try canonical()) }
        return plan
    }

    struct UnknownPlan: Error {
        var hash: String
        var canonical: RawJSON
    }
}

extension WorkflowPlan {
    /// validate, then reserve and charge, then confirm; `charge` may not repeat, `reserve` names its queue.
    static func order(
        namespace: String = "shop", name: String = "order", version: String = "1.0.0"
    ) -> WorkflowPlan {
        let retry = RetryPolicy(maxAttempts: 4, backoff: .linear, backoffBaseMilliseconds: 100, jitter: 0)
        let template = TaskTemplate(
            name: name, namespace: namespace, version: version,
            steps: [
                StepTemplate(name: "validate", handler: HandlerReference(callable: "Validate"), retry: retry),
                StepTemplate(
                    name: "reserve", handler: HandlerReference(callable: "Reserve", queue: "stock"),
                    dependencies: ["validate"], retry: retry),
                StepTemplate(
                    name: "charge", handler: HandlerReference(callable: "Überweisung::führe_aus"),
                    dependencies: ["validate"], retry: RetryPolicy(isRetryable: false)),
                StepTemplate(
                    name: "confirm", handler: HandlerReference(callable: "Confirm"),
                    dependencies: ["reserve", "charge"], retry: retry),
            ])
        return WorkflowPlan(template: template, hash: template.hash)
    }
}

/// All to one queue, or nowhere.
struct TestRouting: Routing {
    var unrouted: Set<String> = []

    func queue(namespace: String, callable: String, declared: String?, task: TaskID) -> String? {
        unrouted.contains(callable) ? nil : declared ?? "\(namespace)-fleet"
    }
}

extension EngineContext {
    static func test(seed: UInt64 = 1, at now: Timestamp = noon) -> EngineContext {
        EngineContext(now: now, ids: SeededIDSource(seed: seed), routing: TestRouting())
    }
}

extension TaskHeader {
    static func test(_ number: Int, at created: Timestamp = noon) -> TaskHeader {
        var ids = SeededIDSource(seed: UInt64(number) &+ 0xABCD_EF00)
        return TaskHeader(
            id: ids.nextID(at: created), context: RawJSON(["order": .integer(Int64(number))] as JSONValue),
            correlationID: ids.nextID(at: created), requestedAt: created, createdAt: created)
    }

    /// No field as it is by default.
    static func full(_ number: Int, at created: Timestamp = noon) -> TaskHeader {
        var header = test(number, at: created)
        var ids = SeededIDSource(seed: UInt64(number) &+ 0x1234_5600)
        header.parentCorrelationID = ids.nextID(at: created)
        header.initiator = "jürgen"
        header.sourceSystem = "kasse-7"
        header.reason = "a \"quoted\" reason\nin two lines"
        header.tags = ["eilig", "größe \"XL\"", "eilig"]
        header.priority = -42
        header.requestedAt = created.advanced(byMilliseconds: -1234)
        header.environment = "production"
        header.options = RawJSON(["dry": true] as JSONValue)
        header.traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        header.traceState = "vendor=1"
        return header
    }
}

extension WorkflowTask {
    static func test(
        _ number: Int, plan: WorkflowPlan = .order(), at created: Timestamp = noon
    ) -> WorkflowTask {
        var ids = SeededIDSource(seed: UInt64(number) &+ 0x5555_0000)
        return WorkflowTask(header: .test(number, at: created), plan: plan) { ids.nextID(at: created) }
    }

    /// Everything a store must keep, in words.
    private var durableLines: [String] {
        let pending = deadLetter?.resolution == .pending ? deadLetter : nil
        return [
            "\(header)", "\(plan.hash)", "\(state) revision \(revision)", "\(updatedAt)",
            String(describing: completedAt), "\(stepCounts) held \(heldStepCount)", String(describing: pending),
        ] + recordLines
    }

    var recordLines: [String] {
        steps.map { step in
            var record = step.record
            record.dispatch = record.dispatch?.durable
            return "\(record)"
        }
    }

    /// What differs between this task and another, as far as a store must keep it.
    func difference(from other: WorkflowTask) -> String? {
        zip(durableLines, other.durableLines).first { $0 != $1 }.map { "\($0)\nis not\n\($1)" }
    }
}

extension StepResultMessage {
    static let worker = WorkerIdentity(id: "w-1", language: "swift", sdk: "test/1", hostname: "host")

    static func answer(
        _ status: Status, to task: WorkflowTask, step place: Int, result: JSONValue? = nil, error: StepFailure? = nil,
        checkpoint: JSONValue? = nil
    ) -> StepResultMessage {
        StepResultMessage(
            dispatchID: task.steps[place].dispatch?.id, taskID: task.id, stepID: task.steps[place].id, status: status,
            result: result.map { RawJSON($0) }, error: error, checkpoint: checkpoint.map { RawJSON($0) },
            executionMilliseconds: 17, worker: worker)
    }
}
