import TaskerTestKit
import Testing

/// The batchable handlers of the handler types page, in Swift (SDK contract, sections 5.2-5.5).
struct CSVAnalyzerHandler: BatchableHandler {
    static let handlerName = "analyze_csv"

    func call(_ context: StepContext) async throws -> StepResult {
        batches(total: try context.input("total_rows", default: 10_000), size: 100)
    }
}

struct CSVBatchProcessorHandler: BatchableHandler {
    static let handlerName = "process_csv_batch"

    func call(_ context: StepContext) async throws -> StepResult {
        guard let batch = batch(from: context) else { throw StepError.permanent("the step is no batch worker") }
        if batch.isNoOp { return noOp(batch) }
        return batchSuccess(batch, ["rows_processed": .integer(batch.cursor.batchSize)])
    }
}

struct CSVResultsAggregatorHandler: BatchableHandler {
    static let handlerName = "aggregate_csv_results"

    func call(_ context: StepContext) async throws -> StepResult {
        let scenario = try BatchAggregationScenario.detect(
            context, analyzer: "analyze_csv", workers: "process_csv_batch_")
        if scenario.isNoBatches { return success(["total_rows": 0, "skipped": true]) }
        let total = scenario.batchResults.values.reduce(0) { $0 + ($1["rows_processed"]?.integerValue ?? 0) }
        return success(["total_rows": .integer(total), "worker_count": .number(scenario.workerCount)])
    }
}

@Suite struct BatchTests {
    func analyze(_ total: JSONValue, templates: [String] = ["process_csv_batch"]) async -> JSONValue? {
        await TestKit.run(
            CSVAnalyzerHandler(),
            .test(input: ["total_rows": total], stepType: "batchable", workerTemplateNames: templates)
        ).payload
    }

    @Test func theAnalyzerCutsContiguousRangesAndTheRunnerNamesTheTemplate() async {
        #expect(
            await analyze(150) == [
                "batch_processing_outcome": [
                    "type": "create_batches", "worker_template_name": "process_csv_batch", "worker_count": 2,
                    "cursor_configs": [
                        ["batch_id": "001", "start_cursor": 0, "end_cursor": 100, "batch_size": 100],
                        ["batch_id": "002", "start_cursor": 100, "end_cursor": 150, "batch_size": 50],
                    ],
                    "total_items": 150,
                ],
                "worker_count": 2, "total_items": 150,
            ])
    }

    @Test func theTemplateIsLeftOutWhenSeveralCouldBeMeant() async {
        #expect(await analyze(1, templates: ["a", "b"])?["batch_processing_outcome"]?["worker_template_name"] == nil)
        #expect(await analyze(1, templates: [])?["batch_processing_outcome"]?["worker_template_name"] == nil)
    }

    @Test func aTemplateThatIsGivenStays() async throws {
        struct Own: BatchableHandler {
            var template: String?
            func call(_ context: StepContext) async throws -> StepResult {
                batches([BatchCursor(from: "a", to: "m", size: 7)], workerTemplate: template, metadata: ["k": 1])
            }
        }
        let context = StepContext.test(workerTemplateNames: ["other"])
        let outcome = await TestKit.run(Own(template: "mine"), context).payload?["batch_processing_outcome"]
        #expect(outcome?["worker_template_name"] == "mine")
        #expect(outcome?["batch_metadata"] == ["k": 1])
        #expect(
            outcome?["cursor_configs"] == [
                ["batch_id": "001", "start_cursor": "a", "end_cursor": "m", "batch_size": 7]
            ])
    }

    @Test func aTemplateThatIsNullIsFilledInAndEverythingElseStaysAsItIs() async throws {
        var registry = HandlerRegistry()
        let text =
            #"{"a": 1.50, "batch_processing_outcome": { "worker_template_name" : null, "type": "create_batches"}, "z":[]}"#
        registry.register("handler") { _ in StepResult(.success(try RawJSON(validating: text))) }
        let outcome = await TestKit.run(registry, .test(workerTemplateNames: ["w\"1"]))
        let expected =
            #"{"a": 1.50, "batch_processing_outcome": { "worker_template_name" : "w\"1", "type": "create_batches"}, "z":[]}"#
        #expect(outcome.message.result?.text == expected)
    }

    @Test func nothingToDo() async {
        for total: JSONValue in [0, -5] {
            #expect(
                await analyze(total) == ["batch_processing_outcome": ["type": "no_batches"], "reason": "empty_dataset"])
        }
    }

    @Test func ranges() {
        func sizes(_ total: Int64, _ size: Int64, _ maximum: Int64? = nil) -> [Range<Int64>?] {
            BatchCursor.ranges(total: total, size: size, maximum: maximum).map(\.range)
        }
        #expect(sizes(5, 2) == [0..<2, 2..<4, 4..<5])
        #expect(sizes(4, 2) == [0..<2, 2..<4])
        #expect(sizes(1, 100) == [0..<1])
        #expect(sizes(10, 1, 3) == [0..<4, 4..<8, 8..<10])
        #expect(sizes(.max - 1, .max - 1) == [0..<(.max - 1)])
    }

    @Test func batchIDsHaveAtLeastThreeDigits() async {
        let configs = await TestKit.run(CSVAnalyzerHandler(), .test(input: ["total_rows": 100_001])).payload?[
            "batch_processing_outcome"]?["cursor_configs"]
        #expect(configs?[0]?["batch_id"] == "001")
        #expect(configs?[999]?["batch_id"] == "1000")
        #expect(configs?[1000]?["batch_id"] == "1001")
    }

    @Test func theWorkerWorksOnItsRange() async {
        let context = StepContext.test(stepInputs: StepContext.batch(100..<150, id: "002"), stepType: "batch_worker")
        let outcome = await TestKit.run(CSVBatchProcessorHandler(), context)
        #expect(outcome.payload == ["rows_processed": 50])
        #expect(outcome.metadata["batch_id"] == "002")
        let other = await TestKit.run(CSVBatchProcessorHandler(), .test())
        #expect(other.failure?.message == "the step is no batch worker")
    }

    @Test func thePlaceholderDoesNothing() async {
        let context = StepContext.test(stepInputs: StepContext.batch(0..<0, id: "000"))
        let payload = await TestKit.run(CSVBatchProcessorHandler(), context).payload
        #expect(payload?["no_op"] == true && payload?["batch_id"] == "000" && payload?["processed_count"] == 0)
        #expect(payload?["processed_at"]?.stringValue.flatMap { Timestamp($0) } != nil)
        #expect(payload?["message"]?.stringValue != nil)
    }

    @Test func aWorkerGoesOnWhereItsCheckpointSays() {
        let inputs = StepContext.batch(100..<200, id: "002", metadata: ["failure_strategy": "fail_fast"])
        let fresh = BatchWorkerContext(.test(stepInputs: inputs))
        #expect(fresh?.remaining == 100..<200)
        #expect(fresh?.failureStrategy == "fail_fast")
        let resumed = BatchWorkerContext(
            .test(stepInputs: inputs, checkpoint: Checkpoint(cursor: 150, itemsProcessed: 50)))
        #expect(resumed?.remaining == 150..<200)
        #expect(resumed?.checkpoint?.itemsProcessed == 50)
    }

    @Test func counters() async {
        struct Counting: BatchableHandler {
            func call(_ context: StepContext) async throws -> StepResult {
                guard let batch = batch(from: context) else { throw StepError.permanent("no batch") }
                var counters = BatchCounters(processed: 10, failed: 2, skipped: 1, lastCursor: batch.endCursor)
                counters.errors = ["e"]
                return batchSuccess(batch, counters)
            }
        }
        let payload = await TestKit.run(Counting(), .test(stepInputs: StepContext.batch(0..<10))).payload
        #expect(
            payload == [
                "items_processed": 10, "items_succeeded": 7, "items_failed": 2, "items_skipped": 1, "last_cursor": 10,
                "batch_metadata": [:], "errors": ["e"],
            ])
        let sum = BatchCounters.sum(of: [payload ?? [:], payload ?? [:], [:]])
        #expect((sum.processed, sum.succeeded, sum.failed, sum.skipped) == (20, 14, 4, 2))
        #expect(sum.errors == ["e", "e"])
    }

    // MARK: - Aggregator

    let analyzed: JSONValue = ["batch_processing_outcome": ["type": "create_batches"]]

    func aggregate(_ dependencies: KeyValuePairs<String, JSONValue>) async -> TestOutcome {
        await TestKit.run(CSVResultsAggregatorHandler(), .test(dependencies: dependencies))
    }

    @Test func theAggregatorAddsUp() async {
        let outcome = await aggregate([
            "analyze_csv": analyzed, "process_csv_batch_001": ["rows_processed": 100],
            "process_csv_batch_002": ["rows_processed": 50], "other": ["rows_processed": 7],
        ])
        #expect(outcome.payload == ["total_rows": 150, "worker_count": 2])
    }

    @Test func withoutBatches() async {
        let none: JSONValue = ["batch_processing_outcome": ["type": "no_batches"]]
        #expect(await aggregate(["analyze_csv": none]).payload == ["total_rows": 0, "skipped": true])
        let placeholder = await aggregate(["analyze_csv": analyzed, "process_csv_batch_000": ["no_op": true]])
        #expect(placeholder.payload == ["total_rows": 0, "skipped": true])
    }

    @Test func whatCannotBeIsAnError() async {
        let noWorkers = await aggregate(["analyze_csv": analyzed])
        #expect(noWorkers.failure?.isRetryable == false)
        #expect(noWorkers.failure?.message.contains("no results of steps that start with process_csv_batch_") == true)
        let noAnalyzer = await aggregate(["process_csv_batch_001": ["rows_processed": 1]])
        #expect(noAnalyzer.failure?.message.contains("there is no result of the step analyze_csv") == true)
    }

    @Test func aggregateAddsTheScenario() throws {
        let handler = CSVResultsAggregatorHandler()
        var scenario = BatchAggregationScenario(isNoBatches: true, analyzerResult: [:], batchResults: [:])
        #expect(
            handler.aggregate(scenario, zeroMetrics: ["total": 0]) { _ in [:] }.payload?.value == [
                "total": 0, "worker_count": 0, "scenario": "no_batches",
            ])
        scenario = BatchAggregationScenario(isNoBatches: false, analyzerResult: [:], batchResults: ["w_001": 5])
        #expect(
            handler.aggregate(scenario) { ["total": .number($0.count)] }.payload?.value == [
                "total": 1, "worker_count": 1, "scenario": "with_batches",
            ])
    }
}
