import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, sections 7.2, 7.3 and 7.5.
@Suite("Batches")
struct BatchTests {
    private func started(parallelism: Int? = nil, _ analyzer: StepTemplate = typed(.batchable, "A")) -> Script {
        Script.started(
            analyzer, step("other"),
            typed(.batchWorker, "w", after: "A", "other", batch: BatchConfiguration(parallelism: parallelism)),
            typed(.deferredConvergence, "J", after: "w"))
    }

    @Test("workers have their template's name and the batch id; missing ids are numbered")
    func names() {
        var script = started()
        script.complete("other")
        script.complete("A", makes([nil, "x", nil]))
        #expect(script.names == ["A", "other", "w_001", "w_x", "w_003", "J"])
        #expect(script.parents(of: "w_x") == ["A", "other"] && script.parents(of: "J") == ["w_001", "w_x", "w_003"])
        #expect(script["w_x"].node == 2 && script.task.template(of: 3).handler.callable == "Handle_w")
        #expect(script["w_x"].batchItem?.text == #"{"cursor":{"batch_id":"x"},"is_no_op":false}"#)
        #expect(script.named(.enqueued) == ["w_001", "w_x", "w_003"])
    }

    @Test("cursors are any JSON and are kept as they came")
    func cursors() throws {
        var script = started()
        let text = #"{"start_cursor":{"id":[1]},"end_cursor":null,"batch_size":5,"batch_id":"k"}"#
        let outcome = #"{"batch_processing_outcome":{"type":"create_batches","cursor_configs":[\#(text)]}}"#
        script.complete("A", try RawJSON(validating: outcome))
        #expect(
            script["w_k"].batchItem?.member("cursor")?.text
                == #"{"batch_id":"k","start_cursor":{"id":[1]},"end_cursor":null,"batch_size":5}"#)
    }

    @Test("workers that wait for a dependency which never comes run once that is decided")
    func waitingWorkers() {
        var script = Script.started(
            step("s"), typed(.decision, "D", after: "s"), step("x", after: "D"), typed(.batchable, "A"),
            typed(.batchWorker, "w", after: "A", "x"))
        script.complete("A", makes(2))
        #expect(script.named(.enqueued) == ["s"] && script.task.waitsForUndecided(script.place("w_001")))
        script.complete("s")
        #expect(script.complete("D", chooses()).dispatched.count == 2)
        script.complete("w_001")
        script.complete("w_002")
        #expect(script.state == .complete)
    }

    @Test("the worker's own configuration, else the analyzer's, else the settings")
    func parallelism() {
        func inFlight(_ own: BatchConfiguration?, _ analyzers: BatchConfiguration?) -> Int {
            var settings = EngineSettings()
            settings.maxParallelBatches = 3
            var script = Script.started(
                typed(.batchable, "A", batch: analyzers), typed(.batchWorker, "w", after: "A", batch: own),
                settings: settings)
            script.complete("A", makes(9))
            return script.task.inFlightCount
        }
        #expect(inFlight(BatchConfiguration(parallelism: 1), BatchConfiguration(parallelism: 2)) == 1)
        #expect(inFlight(nil, BatchConfiguration(parallelism: 2)) == 2)
        #expect(inFlight(nil, nil) == 3)
    }

    @Test("a slot that comes free goes to the next in batch order; those that wait are held, not stored as held")
    func order() {
        var script = started(parallelism: 2)
        script.complete("other")
        script.complete("A", makes(4))
        #expect(script.named(.enqueued) == ["w_001", "w_002"])
        #expect(script.task.batchHold(script.place("w_003")) == .parallelism && script["w_003"].hold == nil)
        #expect(script.task.batchHold(script.place("w_001")) == nil && script.task.batchHold(0) == nil)
        expect(
            Array(script.complete("w_002").suffix(9)),
            dispatches(script.place("w_003"), script.open(script.place("w_003"))), taskDispatches())
        #expect(script.named(.enqueued) == ["w_001", "w_003"])
    }

    @Test("a retry frees its slot and queues behind workers not yet started")
    func retries() {
        var script = started(parallelism: 1)
        script.complete("other")
        script.complete("A", makes(3))
        #expect(script.fail("w_001", type: "Boom").dispatched == [script.place("w_002")])
        // Its back-off is over, but the slot is taken.
        #expect(script.fire(.retry, script.place("w_001")) == [])
        #expect(script.complete("w_002").dispatched == [script.place("w_003")])
        #expect(script.complete("w_003").dispatched == [script.place("w_001")])
        #expect(script["w_001"].attempts == 2)
        script.complete("w_001")
        script.complete("J")
        #expect(script.state == .complete)
    }

    @Test("batch workers and other steps that are ready together go by template position")
    func position() {
        var script = Script.started(
            step("last"), typed(.batchable, "A"), typed(.batchWorker, "w", after: "A"), step("z", after: "A"),
            typed(.batchWorker, "v"))
        #expect(script.complete("A", makes(2)).dispatched.map { script.names[$0] } == ["w_001", "w_002", "z"])
        script = Script.started(step("z", after: "A"), typed(.batchable, "A"), typed(.batchWorker, "w", after: "A"))
        #expect(script.complete("A", makes(1)).dispatched.map { script.names[$0] } == ["z", "w_001"])
    }

    @Test("no batches: a named worker template gets a placeholder")
    func placeholder() {
        var script = started(typed(.batchable, "A", initialization: ["worker_template_name": "w"]))
        script.complete("other")
        script.complete("A", noBatches)
        #expect(script.names == ["A", "other", "w_000", "J"] && script["w_000"].state == .enqueued)
        #expect(
            script["w_000"].batchItem?.text
                == #"{"cursor":{"batch_id":"000","batch_size":0,"end_cursor":0,"start_cursor":0},"is_no_op":true}"#)
        script.complete("w_000")
        script.complete("J")
        #expect(script.state == .complete)
    }

    @Test("... one is enough for two analyzers of the same worker template")
    func twoPlaceholders() {
        let names: JSONValue = ["worker_template_name": "w"]
        var script = Script.started(
            typed(.batchable, "A", initialization: names), typed(.batchable, "B", initialization: names),
            typed(.batchWorker, "w"), typed(.deferredConvergence, "J", after: "w"))
        script.complete("A", noBatches)
        #expect(script.names == ["A", "B", "w_000"])
        script.complete("B", noBatches)
        #expect(script.names == ["A", "B", "w_000", "J"] && script["B"].state == .complete)
    }

    @Test("no batches without a named template: no worker, and a convergence only if it lists another step")
    func noPlaceholder() {
        var script = started()
        script.complete("other")
        script.complete("A", noBatches)
        #expect(script.names == ["A", "other"] && script.state == .complete)
        var listing = Script.started(
            typed(.batchable, "A"), typed(.batchWorker, "w", after: "A"),
            typed(.deferredConvergence, "J", after: "A", "w"))
        listing.complete("A", noBatches)
        #expect(listing.names == ["A", "J"] && listing.parents(of: "J") == ["A"])
    }

    @Test("resolved by hand, a batchable step makes no batches")
    func resolved() {
        var script = started(typed(.batchable, "A", batch: BatchConfiguration(workerTemplate: "w")))
        script.act(.resolveStep(0))
        #expect(script.names == ["A", "other", "w_000", "J"])
    }

    @Test("two analyzers of one worker template: what waits for it waits for both")
    func twoAnalyzers() {
        var script = Script.started(
            typed(.batchable, "A"), typed(.batchable, "B"), typed(.batchWorker, "w", after: "A", "B"),
            typed(.deferredConvergence, "J", after: "w"))
        script.complete("A", makes(["a"]))
        #expect(script.names == ["A", "B", "w_a"] && script["w_a"].state == .pending)
        script.complete("B", makes(["b"]))
        #expect(script.parents(of: "J") == ["w_a", "w_b"] && script.named(.enqueued) == ["w_a", "w_b"])
        #expect(script.task.batches.count == 2)
    }

    @Test("a batchable step behind a worker cannot make it")
    func circle() {
        var script = Script.started(
            typed(.batchable, "A"), typed(.batchWorker, "w", after: "A"), typed(.deferredConvergence, "J", after: "w"),
            typed(.batchable, "B", after: "J", initialization: ["worker_template_name": "w"]))
        script.complete("A", makes(1))
        #expect(script.names == ["A", "w_001", "J", "B"])
        script.complete("w_001")
        script.complete("J")
        script.complete("B", makes(["again"]))
        #expect(script["B"].lastError?.member("error_type")?.string == "batch_unknown_worker")
    }

    @Test("cancelling a task with a batch: notices for those in flight, and nothing more")
    func cancel() {
        var script = started(parallelism: 2)
        script.complete("other")
        script.complete("A", makes(4))
        let open = [script.open(2), script.open(3)]
        let effects = script.apply(.cancel(reason: "enough", actor: "ada"))
        #expect(effects.notices == open && effects.dispatched == [])
        #expect(script.named(.cancelled) == ["w_001", "w_002", "w_003", "w_004", "J"] && script.state == .cancelled)
        #expect(script.apply(script.completed(2, open[0])).dispositions == [.cancelled])
    }

    @Test("workers without a route: one is held for all, and all go when it appears")
    func noRoute() {
        var script = started(parallelism: 2)
        script.complete("other")
        script.routing.routes = ["Handle_w": nil]
        let effects = script.complete("A", makes(4))
        #expect(effects.count { if case .held = $0 { true } else { false } } == 1)
        #expect(script.state == .waitingForDependencies && script["w_001"].hold == .noRoute)
        script.routing.routes = [:]
        #expect(script.apply(.holdsMayEnd).dispatched.map { script.names[$0] } == ["w_001", "w_002"])
        #expect(script.task.heldStepCount == 0)
    }
}
