import HTTPTypes
import Hummingbird
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// `/v1/templates` (REST contract, section 4).
struct TemplateController<Context: RequestContext>: Sendable {
    let orchestrator: Orchestrator

    func addRoutes(to group: RouterGroup<Context>) {
        group.get("templates", use: list)
        group.post("templates", use: register)
        group.get("templates/{namespace}/{name}/{version}", use: get)
    }

    @Sendable func list(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["namespace"])
        let wanted = request.query("namespace")
        let all = try await orchestrator.store.templates().filter { wanted == nil || $0.namespace == wanted }
        let namespaces = Dictionary(grouping: all, by: \.namespace)
        return .json([
            "namespaces": .array(
                namespaces.keys.sorted().map {
                    ["name": .string($0), "description": .null, "template_count": .number(namespaces[$0]?.count ?? 0)]
                }),
            "templates": .array(
                all.map { revision in
                    let canonical = revision.canonical.value
                    return [
                        "name": .string(revision.name), "namespace": .string(revision.namespace),
                        "version": .string(revision.version), "description": canonical["description"] ?? .null,
                        "step_count": .number(canonical["steps"]?.arrayValue?.count ?? 0),
                        "hash": .string(revision.hash), "revision": .number(revision.revision),
                    ]
                }),
            "total_count": .number(all.count),
        ])
    }

    @Sendable func get(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: [])
        return .json(.object(detail(of: try await orchestrator.findTemplate(context))))
    }

    private func detail(of found: TemplateRevision) -> [String: JSONValue] {
        let canonical = found.canonical.value
        var members: [String: JSONValue] = [:]
        members["name"] = .string(found.name)
        members["namespace"] = .string(found.namespace)
        members["version"] = .string(found.version)
        members["description"] = canonical["description"] ?? .null
        members["configuration"] = canonical
        members["hash"] = .string(found.hash)
        members["revision"] = .number(found.revision)
        members["registered_at"] = .string(found.registeredAt.description)
        members["input_schema"] = canonical["input_schema"] ?? .null
        members["steps"] = .array((canonical["steps"]?.arrayValue ?? []).map(detail(ofStep:)))
        return members
    }

    private func detail(ofStep step: JSONValue) -> JSONValue {
        var members: [String: JSONValue] = [:]
        members["name"] = step["name"] ?? .null
        members["description"] = step["description"] ?? .null
        members["default_retryable"] = step["retry"]?["retryable"] ?? true
        members["default_max_attempts"] = step["retry"]?["max_attempts"] ?? 3
        return .object(members)
    }

    @Sendable func register(_ request: Request, context: Context) async throws -> Response {
        try request.allow(query: ["dry_run", "strict"])
        let isDryRun = try request.flag("dry_run")
        let parsed = try await parse(request, TemplateParser(options: .init(isStrict: try request.flag("strict"))))
        if isDryRun { return .json(parsed.json) }
        guard let template = parsed.template else {
            var problem = Problem(
                .unprocessableContent, "VALIDATION_FAILED", title: "The template has errors",
                detail: parsed.findings.filter { $0.severity == .error }.map(\.text).joined(separator: "\n"))
            problem.findings = parsed.findings
            throw problem
        }
        let result = await orchestrator.register([template])
        let outcome = try result[0].get()
        return .json(
            [
                "name": .string(template.name), "namespace": .string(template.namespace),
                "version": .string(template.version), "hash": .string(outcome.revision.hash),
                "revision": .number(outcome.revision.revision),
                "findings": .array(parsed.findings.map(\.json)),
            ], status: outcome.isNew ? .created : .ok)
    }

    private func parse(_ request: Request, _ parser: TemplateParser) async throws -> ParsedTemplate {
        let type = request.mediaType ?? "application/json"
        let bytes = try await request.bodyBytes()
        if type == "application/json" { return parser.parse(json: bytes, file: "request") }
        guard ["application/yaml", "application/x-yaml", "text/yaml"].contains(type) else {
            throw Problem(
                .unsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", title: "Unsupported media type",
                detail: "A template is application/yaml or application/json")
        }
        let documents = parser.parse(yaml: bytes, file: "request")
        guard documents.count == 1, let only = documents.first else {
            throw Problem.badRequest("Send one YAML document, not \(documents.count)")
        }
        return only
    }
}

extension Orchestrator {
    /// The template that a path names; `latest` is the highest semantic version, as for new tasks.
    /// - Throws: ``Problem`` 404.
    func findTemplate(_ context: some RequestContext) async throws -> TemplateRevision {
        let (namespace, name) = (try context.text("namespace"), try context.text("name"))
        let version = try context.text("version")
        let candidates = try await store.templates().filter { $0.namespace == namespace && $0.name == name }
        let found =
            version == "latest"
            ? candidates.max { SemanticVersion($0.version) < SemanticVersion($1.version) }
            : candidates.first { $0.version == version }
        if let found { return found }
        let versions = candidates.map(\.version).sorted().joined(separator: ", ")
        throw Problem.notFound(
            "Template", "There is no template \(namespace)/\(name) version \(version)",
            hint: versions.isEmpty ? nil : "Registered versions: \(versions)")
    }
}
