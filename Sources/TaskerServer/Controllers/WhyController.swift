import Hummingbird
import TaskerEngine
import TaskerMessaging
import TaskerOrchestrator
import TaskerProtocol
import TaskerTemplates

/// "Why is it not moving?" of a task and a step (REST contract, section 3).
struct WhyController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("tasks/{uuid}/why", use: task)
        group.get("tasks/{uuid}/steps/{step}/why", use: step)
    }

    @Sendable func task(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let explainer = try await explainer(try context.taskID())
        let explanation = TaskExplainer(steps: explainer).explain()
        let task = explainer.task
        return .json(explanation.json(task: task.id, stepName: nil, stepID: nil, state: task.state.rawValue))
    }

    @Sendable func step(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        let explainer = try await explainer(try context.taskID())
        let task = explainer.task
        let wanted = try context.text("step")
        guard let (explanation, id, state) = explainer.explain(name: wanted) else {
            let names = task.plan.nodes.prefix(20).map(\.template.name).joined(separator: ", ")
            throw Problem.notFound(
                "Step", "Template \(task.plan.template.name) of task \(task.id) has no step '\(wanted.prefix(128))'",
                hint: "Its steps: \(names)")
        }
        let name = id.flatMap { task.index(of: $0) }.map { task.steps[$0].name } ?? wanted
        return .json(explanation.json(task: task.id, stepName: name, stepID: id, state: state))
    }

    private func explainer(_ id: TaskID) async throws -> StepExplainer {
        let outlook = try await orchestrator.outlook(of: id)
        let task: WorkflowTask
        if let live = outlook.task { task = live } else { task = try await orchestrator.loadTask(id) }
        let queues = Set(task.steps.filter { $0.state == .enqueued }.compactMap { $0.dispatch?.queue })
        var figures: [String: QueueFigures] = [:]
        if case .connected = outlook.state.broker {
            for queue in queues.sorted().prefix(10) {
                // A queue that does not exist has no consumer either.
                let name = orchestrator.settings.names.steps(queue)
                if let found = try? await orchestrator.inspect(queue: name) { figures[queue] = found }
            }
        }
        return StepExplainer(task: task, outlook: outlook, figures: figures, settings: orchestrator.settings)
    }
}
