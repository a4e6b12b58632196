import HTTPTypes
import Synchronization
import TaskerProtocol
import Testing

/// Two steps, the second once; the context has to name an order.
let orderTemplate = """
    name: order
    namespace: shop
    version: "1.0.0"
    description: "Check and pay"
    input_schema:
      type: object
      required: [order_id]
      properties:
        order_id: { type: integer, minimum: 1 }
    step_templates:
      - name: check
        handler: { callable: CheckOrder }
      - name: pay
        description: "Never twice"
        handler: { callable: PayOrder }
        depends_on_step_name: [check]
        retry: { retryable: false }
    """

let orderHandlers = ["CheckOrder", "PayOrder"]

extension TestServer {
    @discardableResult
    func register(_ yaml: String = orderTemplate) async throws -> Answer {
        try await post("/v1/templates", text: yaml, type: "application/yaml")
    }

    /// Runs with the template of orders registered.
    func runWithOrders(_ body: (TestServer) async throws -> Void) async throws {
        try await run { server in
            let answer = try await server.register()
            try #require(answer.status == .created, "\(answer.text)")
            try await body(server)
        }
    }

    /// A new order.
    /// - Parameter members: of the request, beside name, namespace and context.
    func order(_ number: Int = 1, _ members: [String: JSONValue] = [:]) async throws -> Answer {
        let answer = try await post("/v1/tasks", orderRequest(number, members))
        try #require(answer.status == .created, "\(answer.text)")
        return answer
    }

    /// An order that is blocked, and the path of its task. While `body` runs, steps named in `mended` succeed.
    func runWithBlockedOrder(_ body: (TestServer, _ path: String, _ mended: Names) async throws -> Void) async throws {
        let mended = Names()
        try await runWithOrders { server in
            let worker = ScriptedWorker(callables: orderHandlers) { step in
                mended.contains(step.step.name) ? ScriptedWorker.complete(step) : ScriptedWorker.failForGood(step)
            }
            try await worker.run(on: server) {
                let task = try await server.finishedOrder()
                try #require(task["status"] == "blocked_by_failures", "\(task.text)")
                try await body(server, "/v1/tasks/\(task.taskID)", mended)
            }
        }
    }

    /// Asks for a task until it is in a state.
    @discardableResult
    func wait(for path: String, status: String) async throws -> Answer {
        var answer = try await get(path)
        try await eventually("\(path) is \(status)") {
            answer = try await get("\(path)?wait_seconds=1")
            return answer["status"] == .string(status)
        }
        return answer
    }

    /// A new order, after it came to rest.
    func finishedOrder() async throws -> Answer {
        try await post("/v1/tasks?wait_seconds=30", orderRequest())
    }
}

func orderRequest(_ number: Int = 1, _ members: [String: JSONValue] = [:]) -> JSONValue {
    let base: [String: JSONValue] = [
        "name": "order", "namespace": "shop", "context": ["order_id": .number(number)],
    ]
    return .object(base.merging(members) { $1 })
}

/// Names that a worker looks at while it runs.
final class Names: Sendable {
    private let names = Mutex<Set<String>>([])

    func add(_ name: String) { names.withLock { _ = $0.insert(name) } }

    func contains(_ name: String) -> Bool { names.withLock { $0.contains(name) } }
}
