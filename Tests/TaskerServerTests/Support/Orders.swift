import HTTPTypes
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
