import HTTPTypes
import Hummingbird
import NIOCore
import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// Pictures of tasks and templates (REST contract, section 2).
struct GraphController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    private enum Format: String, CaseIterable {
        case mermaid, dot, svg, json

        var mediaType: String {
            switch self {
            case .mermaid: "text/vnd.mermaid"
            case .dot: "text/vnd.graphviz"
            case .svg: "image/svg+xml"
            case .json: "application/json"
            }
        }
    }

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("tasks/{uuid}/graph", use: task)
        group.get("templates/{namespace}/{name}/{version}/graph", use: template)
    }

    @Sendable func task(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["format", "view", "theme"])
        let task = try await orchestrator.loadTask(try context.taskID())
        switch request.query("view") ?? "task" {
        case "task": return try draw(WorkflowGraph(task), request)
        case "template": return try draw(WorkflowGraph(task.plan.template), request)
        default: throw Problem.badRequest("view must be task or template")
        }
    }

    @Sendable func template(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["format", "theme"])
        let revision = try await orchestrator.findTemplate(context)
        return try draw(WorkflowGraph(try TaskTemplate(canonicalJSON: revision.canonical.value)), request)
    }

    private func draw(_ graph: WorkflowGraph, _ request: Request) throws -> Response {
        let format = try format(request)
        guard let theme = GraphTheme.Name(rawValue: request.query("theme") ?? "light") else {
            throw Problem.badRequest("theme must be light or dark")
        }
        if format != .json, graph.nodes.count > WorkflowGraph.limit {
            throw Problem(
                .unprocessableContent, "VALIDATION_FAILED", title: "Too large to draw",
                detail: "The graph has \(graph.nodes.count) nodes; at most \(WorkflowGraph.limit) are drawn",
                hint: "Ask for format=json")
        }
        let text: String
        switch format {
        case .json: return .json(graph.json)
        case .mermaid: text = GraphText.mermaid(graph, GraphTheme(name: theme))
        case .dot: text = GraphText.dot(graph, GraphTheme(name: theme))
        case .svg: text = GraphSVG(graph: graph, theme: GraphTheme(name: theme)).render()
        }
        return Response(
            status: .ok, headers: [.contentType: "\(format.mediaType); charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// `format` wins over `Accept`; Mermaid is what everybody gets who accepts anything.
    private func format(_ request: Request) throws -> Format {
        if let text = request.query("format") {
            guard let format = Format(rawValue: text) else {
                let known = Format.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem.badRequest("format must be one of \(known)")
            }
            return format
        }
        guard let accept = request.headers[.accept] else { return .mermaid }
        for type in AcceptedTypes(accept).types {
            if let format = Format.allCases.first(where: { $0.mediaType == type }) { return format }
            if type == "*/*" || type == "text/*" || type == "text/plain" { return .mermaid }
        }
        let known = Format.allCases.map(\.mediaType).joined(separator: ", ")
        throw Problem(
            .notAcceptable, "NOT_ACCEPTABLE", title: "Not acceptable", detail: "A graph is given as \(known)")
    }
}
