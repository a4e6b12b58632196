import TaskerTestKit
import Testing

/// The decision handler of the handler types page, in Swift (SDK contract, section 5.1).
struct OrderRoutingHandler: DecisionHandler {
    static let handlerName = "order_routing"

    func call(_ context: StepContext) async throws -> StepResult {
        let orderType: String? = try context.input("order_type")
        switch orderType {
        case "premium":
            return decide(["validate_premium", "process_premium"], routingContext: ["order_type": "premium"])
        case "review_required":
            return decide(["manual_review", "approval_gate"], routingContext: ["order_type": "review_required"])
        case "nothing": return skipBranches("nothing to do")
        case "unknown": return decisionFailure("no such type")
        case "empty": return decide([])
        default: return decide(["standard_processing"])
        }
    }
}

@Suite struct DecisionTests {
    @Test func choosesSteps() async {
        let outcome = await TestKit.run(OrderRoutingHandler(), .test(input: ["order_type": "premium"]))
        #expect(
            outcome.payload == [
                "decision_point_outcome": [
                    "type": "create_steps", "step_names": ["validate_premium", "process_premium"],
                ],
                "routing_context": ["order_type": "premium"],
            ])
        #expect(outcome.metadata["decision_handler"] == "order_routing")
        #expect(
            await TestKit.run(OrderRoutingHandler(), .test()).payload == [
                "decision_point_outcome": ["type": "create_steps", "step_names": ["standard_processing"]]
            ])
    }

    @Test func choosesNone() async {
        let outcome = await TestKit.run(OrderRoutingHandler(), .test(input: ["order_type": "nothing"]))
        #expect(
            outcome.payload == ["decision_point_outcome": ["type": "no_branches"], "reason": "nothing to do"])
    }

    @Test(arguments: ["unknown", "empty"]) func cannotDecide(type: JSONValue) async {
        let outcome = await TestKit.run(OrderRoutingHandler(), .test(input: ["order_type": type]))
        #expect((outcome.failure?.errorType, outcome.failure?.isRetryable) == ("decision_error", false))
    }
}
