import Foundation
import TaskerProtocol
import Testing

@testable import TaskerCommands

/// All help pages, and what the main commands print for people.
@Suite struct GoldenTests {
    // MARK: - Help

    private static let pages = Program.tree.walk().map(\.path)

    @Test(arguments: pages)
    func helpPagesAreGolden(path: [String]) async throws {
        let run = await Workplace().run(Array(path.dropFirst()) + ["--help"])
        try Golden.expect(run.output, is: "help/" + path.joined(separator: "-"))
    }

    @Test func thereIsNoPageOfACommandThatIsGone() throws {
        #expect(try Golden.names(in: "help") == Self.pages.map { $0.joined(separator: "-") }.sorted())
    }

    // MARK: - Output

    /// Answers of a server: path to body.
    private static let answers: [String: JSONValue] = {
        let path = Golden.folder + "/server.json"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? "{}"
        return (try? JSONText.parse(text))?.objectValue ?? [:]
    }()

    private static let task = "01982f6a-1111-7000-8000-000000000001"

    static let outputs: [(name: String, arguments: [String])] = [
        ("task-get", ["task", "get", task]), ("task-list", ["task", "list"]), ("task-steps", ["task", "steps", task]),
        ("task-step", ["task", "step", task, "charge_card"]),
        ("task-step-audit", ["task", "step-audit", task, "charge_card"]),
        ("task-visualize", ["task", "visualize", task]),
        ("task-visualize-ascii", ["task", "visualize", task, "-f", "ascii"]),
        ("task-cancel", ["task", "cancel", task, "--dry-run"]),
        ("why", ["why", task]), ("why-step", ["why", task + "/charge_card"]),
        ("queue-list", ["queue", "list"]), ("worker-list", ["worker", "list"]),
        ("worker-status", ["worker", "status", "py-3f2a"]), ("route-list", ["route", "list"]),
        ("dlq-list", ["dlq", "list"]), ("dlq-get", ["dlq", "get", "01982f6a-2222-7000-8000-000000000001"]),
        ("dlq-stats", ["dlq", "stats"]), ("system-health", ["system", "health", "--workers"]),
        ("system-info", ["system", "info"]),
        ("template-list-server", ["template", "list", "--server-templates"]),
        ("template-info-server", ["template", "info", "shop/order"]),
        ("template-list", ["template", "list"]),
        ("template-info", ["template", "info", "step_handler_api", "--plugin", "tasker-contrib-python"]),
        ("plugin-list", ["plugin", "list"]),
        ("template-validate", ["template", "validate", "order.yaml"]),
        ("template-validate-broken", ["template", "validate", "broken.yaml"]),
        ("template-visualize", ["template", "visualize", "order.yaml"]),
        ("template-visualize-ascii", ["template", "visualize", "order.yaml", "-f", "ascii"]),
        ("template-visualize-dot", ["template", "visualize", "order.yaml", "-f", "dot"]),
        ("template-show", ["template", "show", "order.yaml"]),
        ("template-diff", ["template", "diff", "order.yaml", "changed.yaml"]),
        ("config-show", ["config", "show"]), ("config-explain", ["config", "explain", "server"]),
    ]

    static let order = """
        name: order
        namespace: shop
        version: "1.0.0"
        description: An order
        steps:
          - name: check
            handler: { callable: Check }
            result_schema: { type: object, properties: { total: { type: number } }, required: [total] }
          - name: charge
            handler: { callable: Charge }
            dependencies: [check]
            retry: { max_attempts: 5, backoff: exponential, backoff_base_ms: 500 }
          - name: route
            type: decision
            handler: { callable: Route }
            dependencies: [charge]
          - { name: by_air, handler: { callable: Ship }, dependencies: [route] }
          - { name: by_sea, handler: { callable: Ship }, dependencies: [route] }

        """

    @Test(arguments: outputs.map(\.name))
    func tablesAreGolden(name: String) async throws {
        let arguments = try #require(Self.outputs.first { $0.name == name }?.arguments)
        try await OnlineTests.serving({ request in
            guard let body = Self.answers[request.path] else {
                return .problem(404, code: "NOT_FOUND", detail: "No \(request.path)")
            }
            if let text = body.stringValue { return .text(200, text, type: "text/plain") }
            return .json(200, body.canonicalText)
        }) { server in
            let place = OnlineTests.place()
            try place.write("order.yaml", Self.order)
            try place.write(
                "changed.yaml",
                Self.order.replacing("callable: Charge", with: "callable: ChargeCard").replacing("total", with: "sum"))
            try place.write(
                "broken.yaml",
                Self.order.replacing("[check]", with: "[chekc]").replacing("steps:", with: "stepz: 1\nsteps:"))
            let run = await place.run(arguments + ["--server", server.url])
            let text = run.output + (run.errors.isEmpty ? "" : "--- stderr\n" + run.errors)
            try Golden.expect(
                text.replacing(server.url, with: "http://127.0.0.1:8080"), is: "output/" + name)
            #expect(!text.contains("\u{1B}") && !text.contains(" \n"))
        }
    }

    @Test func thereIsNoOutputOfACommandThatIsGone() throws {
        #expect(try Golden.names(in: "output") == Self.outputs.map(\.name).sorted())
    }
}
