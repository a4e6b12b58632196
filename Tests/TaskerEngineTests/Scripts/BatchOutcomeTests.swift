import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, section 7.1: a batchable step's outcome, and each way in which it can be wrong.
@Suite("Outcomes of batchable steps")
struct BatchOutcomeTests {
    private func failure(
        of result: RawJSON, _ steps: [StepTemplate]? = nil, _ change: (inout EngineSettings) -> Void = { _ in }
    )
        -> String?
    {
        var script = Script(
            TaskTemplate(
                name: "order", namespace: "shop", version: "1.0.0",
                steps: steps ?? [
                    typed(.batchable, "A"), typed(.batchWorker, "w", after: "A"), step("w_taken"),
                    typed(.deferredConvergence, "J", after: "w"),
                ]))
        change(&script.settings)
        script.apply(.start)
        let rows = script.names
        script.complete("A", result)
        guard script["A"].state == .error else { return nil }
        #expect(script.names == rows && script["A"].retryAt == nil)
        #expect(script.task.deadLetter?.failures.map(\.reason) == [.permanentFailure])
        return script["A"].lastError?.member("error_type")?.string
    }

    @Test(
        "no outcome, or none that can be read",
        arguments: [
            "{}", "null", #"{"batch_processing_outcome":1}"#, #"{"batch_processing_outcome":{"type":"x"}}"#,
            #"{"batch_processing_outcome":{"type":"create_batches"}}"#,
            #"{"batch_processing_outcome":{"type":"create_batches","cursor_configs":[1]}}"#,
        ])
    func missing(_ text: String) throws {
        #expect(failure(of: try RawJSON(validating: text)) == "batch_outcome_missing")
    }

    @Test("empty, counted wrongly, too many, switched off")
    func counts() {
        #expect(failure(of: makes([])) == "batch_empty")
        #expect(failure(of: makes([nil, nil], count: 3)) == "batch_count_mismatch")
        #expect(failure(of: makes([nil, nil], count: 2)) == nil)
        #expect(failure(of: makes(3)) { $0.maxWorkersPerBatch = 2 } == "batch_too_many")
        #expect(failure(of: makes(2)) { $0.maxWorkersPerBatch = 2 } == nil)
        #expect(failure(of: makes(1)) { $0.isBatchingEnabled = false } == "batch_disabled")
    }

    @Test("ids that are repeated or of the wrong form")
    func ids() {
        #expect(failure(of: makes(["a", "a"])) == "batch_duplicate_id")
        #expect(failure(of: makes(["002", nil])) == "batch_duplicate_id")
        for id in ["", "-a", "_a", ".a", "a b", "ä", "a/b", String(repeating: "x", count: 65)] {
            #expect(failure(of: makes([id])) == "batch_bad_id", "\(id)")
        }
        for id in ["a", "9", "A-b_c.d", String(repeating: "x", count: 64)] {
            #expect(failure(of: makes([id])) == nil, "\(id)")
        }
        let number = RawJSON([
            "batch_processing_outcome": ["type": "create_batches", "cursor_configs": [["batch_id": 7]]]
        ])
        #expect(failure(of: number) == "batch_bad_id")
    }

    @Test("a worker that is none, belongs to another, or is not clear")
    func workers() {
        #expect(failure(of: makes([nil], worker: "J")) == "batch_unknown_worker")
        #expect(failure(of: makes([nil], worker: "nowhere")) == nil)
        #expect(failure(of: makes([nil]), [typed(.batchable, "A"), step("b")]) == "batch_unknown_worker")
        let two = [typed(.batchable, "A"), typed(.batchWorker, "v", after: "A"), typed(.batchWorker, "w", after: "A")]
        #expect(failure(of: makes([nil]), two) == "batch_ambiguous_worker")
        #expect(failure(of: makes([nil], worker: "w"), two) == nil)
        let other = [
            typed(.batchable, "A"), typed(.batchWorker, "v", after: "A"), typed(.batchable, "B"),
            typed(.batchWorker, "w", after: "B"),
        ]
        #expect(failure(of: makes([nil], worker: "w"), other) == "batch_unknown_worker")
    }

    @Test("the worker is the one given, else that of the handler's initialization, else that of batch_config")
    func lookUp() {
        func name(_ given: String?, initialization: JSONValue = [:], configured: String? = nil) -> String? {
            var script = Script.started(
                typed(
                    .batchable, "A", batch: configured.map { BatchConfiguration(workerTemplate: $0) },
                    initialization: initialization),
                typed(.batchWorker, "u"), typed(.batchWorker, "v", after: "A"), typed(.batchWorker, "w", after: "A"),
                typed(.deferredConvergence, "J", after: "u"))
            script.complete("A", makes([nil], worker: given))
            return script.names.last { $0 != "J" }
        }
        #expect(name("v", initialization: ["worker_template_name": "w"], configured: "u") == "v_001")
        #expect(name(nil, initialization: ["worker_template_name": "w"], configured: "u") == "w_001")
        #expect(name("nowhere", initialization: ["worker_template_name": "w"]) == "w_001")
        #expect(name(nil, configured: "u") == "u_001")
    }

    @Test("a name that another step has")
    func taken() {
        #expect(failure(of: makes(["ok", "taken"])) == "batch_name_taken")
        var script = Script.started(
            typed(.batchable, "A"), typed(.batchable, "B"), typed(.batchWorker, "w", after: "A", "B"))
        script.complete("A", makes(["x"]))
        script.complete("B", makes(["x"]))
        #expect(script["B"].lastError?.member("error_type")?.string == "batch_name_taken")
    }
}
