import TaskerProtocol
import TaskerWorker
import Testing

/// What handlers see (SDK contract, section 2).
@Suite struct StepContextTests {
    struct Item: Decodable, Equatable {
        var sku: String
        var quantity: Int
    }

    let context = StepContext(
        request: makeStep(
            1,
            context: [
                "amount": 12.5, "big": 9_223_372_036_854_775_807, "null": nil, "text": "é\n\"",
                "items": [["sku": "a", "quantity": 2], ["sku": "b", "quantity": "3"]],
            ],
            initialization: ["limit": 5],
            dependencies: [
                ("plain", RawJSON(["status": "completed", "result": ["x": ["y": [1, 2, 3]]], "metadata": [:]])),
                ("nested", RawJSON(["status": "completed", "result": ["result": ["z": 1]]])),
                ("scalar", RawJSON(["status": "completed", "result": 7])),
                ("resolved", RawJSON(["status": "resolved_manually", "result": nil])),
                ("batch_001", RawJSON(["status": "completed", "result": ["n": 1]])),
                ("batch_002", RawJSON(["status": "completed", "result": nil])),
                ("batch_003", RawJSON(["status": "completed", "result": ["n": 3]])),
            ], attempt: 2, maxAttempts: 3))

    func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            #expect((error as? StepError)?.type == "validation_error")
            #expect((error as? StepError)?.isRetryable == false)
            return "\(error)"
        }
    }

    @Test func readsInputs() throws {
        #expect(try context.input("amount") == 12.5)
        #expect(try context.input("big", as: Int64.self) == .max)
        #expect(try context.input("text", as: String.self) == "é\n\"")
        #expect(context.input["amount"] == 12.5)
        #expect(try context.input("items", as: [[String: JSONValue]].self)[0] == ["sku": "a", "quantity": 2])
        #expect(try context.input("items", as: RawJSON.self).isArray)
    }

    @Test func nullAndMissingAreNilForOptionalsAndTheDefaultOtherwise() throws {
        #expect(try context.input("null", as: Int?.self) == nil)
        #expect(try context.input("absent", as: Int?.self) == nil)
        #expect(try context.input("null", default: 3) == 3)
        #expect(try context.input("absent", default: 3) == 3)
        #expect(try context.input("amount", default: 3.0) == 12.5)
        #expect(try context.configuration("limit") == 5)
        #expect(try context.configuration("absent", default: 8) == 8)
    }

    @Test func namesWhatDoesNotFit() {
        #expect(message { _ = try context.input("absent", as: Int.self) } == "input absent is missing")
        #expect(message { _ = try context.input("null", as: Int.self) } == "input null: expected Int, found null")
        #expect(
            message { _ = try context.input("items", as: [Item].self) }
                == "input items[1].quantity: expected Int, found a string")
        #expect(message { _ = try context.result(of: "absent", as: Int.self) } == "there is no result of step absent")
        #expect(
            message { _ = try context.input("big", as: Int32.self) }.hasPrefix(
                "input big: expected Int32, found the number"))
    }

    @Test func unwrapsResultsExactlyOnce() throws {
        #expect(try context.result(of: "nested", as: JSONValue.self) == ["result": ["z": 1]])
        #expect(try context.result(of: "scalar") == 7)
        #expect(try context.result(of: "resolved", as: Int?.self) == nil)
        #expect(context.rawResult(of: "absent") == nil)
    }

    @Test func findsNestedFields() throws {
        #expect(try context.field(of: "plain", path: "x", "y", "1") == 2)
        #expect(try context.field(of: "plain", path: "x", "no", as: Int?.self) == nil)
        #expect(
            message { _ = try context.field(of: "plain", path: "x", "no", as: Int.self) }
                == "there is no x.no in the result of step plain")
    }

    @Test func collectsResultsByPrefixInOrderWithoutNulls() throws {
        struct Batch: Decodable, Equatable { var n: Int }
        #expect(context.results(withPrefix: "batch_") == [["n": 1], ["n": 3]])
        #expect(try context.results(withPrefix: "batch_", as: Batch.self) == [Batch(n: 1), Batch(n: 3)])
        #expect(context.dependencyNames.first == "plain")
    }

    @Test(arguments: [(1, 3, false, false), (2, 3, true, false), (3, 3, true, true), (1, 1, false, true)])
    func countsAttempts(attempt: Int, limit: Int, isRetry: Bool, isLast: Bool) {
        let context = StepContext(request: makeStep(1, attempt: attempt, maxAttempts: limit))
        #expect(context.retryCount == attempt - 1)
        #expect(context.isRetry == isRetry)
        #expect(context.isLastAttempt == isLast)
    }

    @Test func offersTheCheckpoint() throws {
        var step = makeStep(1)
        #expect(StepContext(request: step).checkpoint == nil)
        step.step.checkpoint = RawJSON(["cursor": ["page": 3], "items_processed": 30, "accumulated_results": nil])
        let checkpoint = try #require(StepContext(request: step).checkpoint)
        #expect(checkpoint == Checkpoint(cursor: ["page": 3], itemsProcessed: 30))
    }
}
