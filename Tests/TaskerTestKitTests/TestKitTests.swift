import TaskerTestKit
import Testing

@Suite struct TestKitTests {
    struct Cart: Codable, Sendable, Hashable { var id: String }

    struct ChargeCard: StepHandler {
        static let handlerName = "charge_card"
        var methods: [String: @Sendable (StepContext) async throws -> StepResult] { ["refund": refund] }

        func call(_ context: StepContext) async throws -> StepResult {
            let amount: Double = try context.input("amount")
            guard amount > 0 else { throw StepError.permanent("amount must be positive") }
            let cart: Cart = try context.result(of: "validate_cart")
            context.reportProgress(1, of: 2)
            return .success(["charged": .number(amount), "cart": .string(cart.id)])
        }

        func refund(_ context: StepContext) async throws -> StepResult { .success(["refunded": true]) }
    }

    @Test func runsAHandlerLikeAWorker() async {
        let context = StepContext.test(input: ["amount": 2.5], dependencies: ["validate_cart": ["id": "c1"]])
        let outcome = await TestKit.run(ChargeCard(), context)
        #expect(outcome.payload == ["charged": 2.5, "cart": "c1"])
        #expect(outcome.progress == .init(done: 1, total: 2))
        #expect(outcome.metadata["handler_version"] == "1.0.0")
    }

    @Test func errorsBecomeFailures() async {
        let outcome = await TestKit.run(ChargeCard(), .test(input: ["amount": 0]))
        #expect((outcome.failure?.errorType, outcome.failure?.isRetryable) == ("permanent_error", false))
        #expect(outcome.payload == nil)
        let missing = await TestKit.run(ChargeCard(), .test(input: ["amount": 1]))
        #expect(missing.failure?.message == "there is no result of step validate_cart")
    }

    @Test func callsMethods() async {
        #expect(await TestKit.run(ChargeCard(), .test(method: "refund")).payload == ["refunded": true])
        let unknown = await TestKit.run(ChargeCard(), .test(method: "void"))
        #expect(unknown.message.status == .abandoned)
        #expect(unknown.failure?.message == "there is no handler \"handler\" with the method \"void\"")
    }

    struct Polite: StepHandler {
        func call(_ context: StepContext) async throws -> StepResult {
            if context.isCancelled { throw CancellationError() }
            return .checkpoint(Checkpoint(cursor: 5, itemsProcessed: 5))
        }
    }

    @Test func checkpointsAndCancels() async {
        let first = await TestKit.run(Polite(), .test(attempt: 3))
        #expect(first.checkpoint == ["cursor": 5, "items_processed": 5])
        let cancelled = await TestKit.run(Polite(), .test(isCancelled: true))
        #expect(cancelled.failure?.errorType == "cancelled")
        let context = StepContext.test(checkpoint: Checkpoint(cursor: 9, itemsProcessed: 3), attempt: 3)
        #expect(context.checkpoint?.cursor == 9)
        #expect(context.isLastAttempt)
    }

    @Test func batchInputs() {
        let context = StepContext.test(stepInputs: StepContext.batch(40..<80, id: "002"))
        #expect(BatchWorkerContext(context)?.cursor.range == 40..<80)
    }

    /// The step handler of the handler types page, in Swift.
    struct ProcessPaymentHandler: StepHandler {
        static let handlerName = "process_payment"
        static let handlerVersion = "1.0.0"

        func call(_ context: StepContext) async throws -> StepResult {
            success(["processed": true, "handler": "process_payment"])
        }
    }

    @Test func processesAPayment() async {
        let outcome = await TestKit.run(ProcessPaymentHandler(), .test())
        #expect(outcome.payload == ["processed": true, "handler": "process_payment"])
    }

    /// The example of the README.
    struct ValidateOrderHandler: StepHandler {
        static let handlerName = "validate_order"

        struct Item: Decodable {
            var price: Double
            var quantity: Double
        }

        func call(_ context: StepContext) async throws -> StepResult {
            let items = try context.input("items", default: [Item]())
            guard !items.isEmpty else { throw StepError.permanent("the order has no items", code: "EMPTY_ORDER") }
            return success(["total": .number(items.reduce(0) { $0 + $1.price * $1.quantity })])
        }
    }

    @Test func addsUp() async {
        let context = StepContext.test(input: ["items": [["price": 2.5, "quantity": 2]]])
        let outcome = await TestKit.run(ValidateOrderHandler(), context)
        #expect(outcome.payload == ["total": 5.0])
    }

    @Test func refusesAnEmptyOrder() async {
        let outcome = await TestKit.run(ValidateOrderHandler(), .test())
        #expect(outcome.failure?.errorCode == "EMPTY_ORDER")
        #expect(outcome.failure?.isRetryable == false)
    }

    @Test func namesThePlaceOfWhatDoesNotFit() async {
        let context = StepContext.test(input: ["items": [["price": "x", "quantity": 2]]])
        let outcome = await TestKit.run(ValidateOrderHandler(), context)
        #expect(outcome.failure?.message == "input items[0].price: expected Double, found a string")
    }
}
