import Logging
import ServiceLifecycle
import TaskerOrchestrator
import TaskerTemplates

/// Registers the templates of the search path once the orchestrator runs, then waits for the end.
struct TemplateLoader: Service {
    private let orchestrator: Orchestrator
    private let templates: [TaskTemplate]
    private let log: Logger

    init(_ orchestrator: Orchestrator, _ templates: [TaskTemplate], _ log: Logger) {
        self.orchestrator = orchestrator
        self.templates = templates
        self.log = log
    }

    func run() async throws {
        if !templates.isEmpty {
            for (template, result) in zip(templates, await orchestrator.register(templates)) {
                guard case .failure(let error) = result else { continue }
                log.error(
                    "template not registered",
                    metadata: ["template": "\(template.namespace)/\(template.name)", "error": "\(error)"])
            }
        }
        try? await gracefulShutdown()
    }
}
