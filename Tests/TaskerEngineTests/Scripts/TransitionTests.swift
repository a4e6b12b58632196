import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("From creation to completion")
struct TransitionTests {
    @Test("a task without steps is complete at once")
    func empty() {
        var script = Script(template())
        expect(
            script.apply(.start), taskMoves(.pending, .initializing, "Start"),
            taskMoves(.initializing, .complete, "NoStepsFound"))
        #expect(script.task.completedAt == script.now)
        expect(script.apply(.start), [])
    }

    @Test("one step, every effect from start to end")
    func single() {
        var script = Script(template(step("a")))
        expect(
            script.apply(.start), taskMoves(.pending, .initializing, "Start"), dispatches(0, d(1)),
            taskMoves(.initializing, .enqueuingSteps, "ReadyStepsFound"),
            taskMoves(.enqueuingSteps, .stepsInProcess, "StepsEnqueued"))
        #expect(script[0].dispatch?.publication == .begun && script[0].dispatch?.publishSequence == 1)
        #expect(script[0].dispatch?.queue == "fleet" && script[0].attempts == 1 && script[0].totalAttempts == 1)

        expect(script.apply(script.report(.confirmed)), [.stepChanged(0)])

        script.wait(1)
        expect(
            script.apply(script.heartbeat()), stepMoves(0, .enqueued, .inProgress, d(1)),
            [
                .setTimer(step: 0, .timeout, due: script.later(305)), .setTimer(step: 0, .lease, due: script.later(60)),
                .stepChanged(0),
            ])
        #expect(script[0].lastAttemptedAt == script.now && script[0].dispatch?.workerID == worker.id)

        script.wait(1)
        expect(
            script.apply(script.completed(result: RawJSON(["total": 7]))),
            audited(0, .accepted, "completed", d(1), from: .inProgress, to: .enqueuedForOrchestration),
            [.clearTimer(step: 0, .lease), .clearTimer(step: 0, .timeout)],
            stepMoves(0, .inProgress, .enqueuedForOrchestration), stepMoves(0, .enqueuedForOrchestration, .complete),
            taskMoves(.stepsInProcess, .evaluatingResults, "AllStepsCompleted"),
            taskMoves(.evaluatingResults, .complete, "AllStepsSuccessful"))
        #expect(script[0].envelope?.text == #"{"status":"completed","result":{"total":7},"metadata":{}}"#)
        #expect(script[0].completedAt == script.now && script.task.completedAt == script.now)
        #expect(script[0].executionMilliseconds == 12 && script[0].workerLanguage == "python")
        #expect(script.task.revision == 4)
    }

    @Test("a result without a start report implies the start, and confirms the publish")
    func impliedStart() {
        var script = Script.started(step("a"))
        expect(
            script.apply(script.completed()), stepMoves(0, .enqueued, .inProgress, d(1)),
            audited(0, .accepted, "completed", d(1), from: .enqueued, to: .enqueuedForOrchestration),
            stepMoves(0, .inProgress, .enqueuedForOrchestration), stepMoves(0, .enqueuedForOrchestration, .complete),
            taskMoves(.stepsInProcess, .evaluatingResults, "AllStepsCompleted"),
            taskMoves(.evaluatingResults, .complete, "AllStepsSuccessful"))
        #expect(script[0].lastAttemptedAt == script.now)
    }

    @Test("fan-out and fan-in: whatever is ready goes in one evaluation, in template order")
    func diamond() {
        var script = Script(
            template(
                step("join", after: "right", "left"), step("right", after: "top"), step("top"),
                step("left", after: "top"), step("alone")))
        expect(
            script.apply(.start), taskMoves(.pending, .initializing, "Start"), dispatches(2, d(1)), dispatches(4, d(2)),
            taskMoves(.initializing, .enqueuingSteps, "ReadyStepsFound"),
            taskMoves(.enqueuingSteps, .stepsInProcess, "StepsEnqueued"))
        #expect(script[4].dispatch?.publishSequence == 2)
        expect(
            script.apply(script.completed(2)).withoutAudit, stepMoves(2, .enqueued, .inProgress, d(1)),
            stepMoves(2, .inProgress, .enqueuedForOrchestration), stepMoves(2, .enqueuedForOrchestration, .complete),
            dispatches(1, d(3)), dispatches(3, d(4)), taskDispatches())
        // One parent of two, and others in flight: the task stays where it is.
        expect(
            script.apply(script.completed(1)).withoutAudit, stepMoves(1, .enqueued, .inProgress, d(3)),
            stepMoves(1, .inProgress, .enqueuedForOrchestration), stepMoves(1, .enqueuedForOrchestration, .complete))
        #expect(script[0].state == .pending && script.state == .stepsInProcess)
        #expect(script.apply(script.completed(3)).minted == [d(5)])
        #expect(script[0].state == .enqueued)
        script.apply(script.completed(4))
        script.apply(script.completed(0))
        #expect(script.state == .complete)
        #expect(script.states == Array(repeating: .complete, count: 5))
    }

    @Test("ancestors are all transitive ones, each once")
    func ancestors() {
        let script = Script(
            template(
                step("a"), step("b", after: "a"), step("c", after: "a"), step("d", after: "b", "c"),
                step("e", after: "d", "a"), step("f")))
        #expect(script.task.ancestors(of: 4) == [0, 1, 2, 3])
        #expect(script.task.ancestors(of: 3) == [0, 1, 2])
        #expect(script.task.ancestors(of: 0) == [] && script.task.ancestors(of: 5) == [])
        #expect(
            script.task.index(of: "d") == 3 && script.task.index(of: s(4)) == 4 && script.task.index(of: "x") == nil)
    }

    @Test("a step sees the results of every ancestor, as they were sent")
    func envelopes() {
        var script = Script.started(step("a"), step("b", after: "a"), step("c", after: "b"))
        script.apply(script.completed(0, result: RawJSON(trusting: Array(#"{ "x": 1.50 }"#.utf8))))
        script.apply(script.completed(1))
        let visible = script.task.ancestors(of: 2).map { script[$0].envelope?.text }
        #expect(
            visible == [
                #"{"status":"completed","result":{ "x": 1.50 },"metadata":{}}"#,
                #"{"status":"completed","result":null,"metadata":{}}"#,
            ])
        #expect(script[2].envelope == nil)
    }

    @Test("while the broker is away dispatches are parked, and begun one by one")
    func parked() {
        var script = Script(template(step("a"), step("b")))
        script.publishesAtOnce = false
        #expect(script.apply(.start).minted == [d(1), d(2)])
        #expect(script[0].dispatch?.publication == .parked && script[0].dispatch?.begunAt == nil)
        #expect(script.publishSequence == 0)
        script.wait(5)
        expect(script.apply(script.report(.begun(sequence: 9), 1)), [.stepChanged(1)])
        #expect(script[1].dispatch?.publication == .begun && script[1].dispatch?.publishSequence == 9)
        #expect(script[1].dispatch?.begunAt == script.now)
        expect(script.apply(script.report(.begun(sequence: 10), 1)), [])
    }

    @Test("a checkpoint keeps the attempt and sends the step again with its progress")
    func checkpoint() {
        var script = Script.started(step("a"))
        script.apply(script.heartbeat())
        script.wait(3)
        let progress = #"{"cursor":50,"items_processed":50,"history":[1],"accumulated_results":{"n":1}}"#
        expect(
            script.apply(script.checkpoint(0, nil, progress)),
            audited(0, .checkpoint, "checkpoint", d(1), from: .inProgress, to: .inProgress),
            auditedResend(0, d(1), because: "checkpoint", in: .inProgress, worker: worker.id),
            [
                .clearTimer(step: 0, .lease), .clearTimer(step: 0, .timeout), .dispatch(step: 0, d(2)), .stepChanged(0),
            ])
        #expect(script[0].attempts == 1 && script[0].state == .inProgress)
        let stored = script[0].checkpoint
        #expect(stored?.member("cursor")?.integer == 50 && script[0].outgoingCheckpoint?.member("history") == nil)
        #expect(stored?.member("timestamp")?.string == script.now.description)
        // The same checkpoint again: its dispatch is over.
        expect(
            script.apply(script.checkpoint(0, d(1), progress)),
            audited(0, .superseded, "checkpoint", d(1), from: .inProgress, to: .inProgress))
        // Its continuation starts its own lease, and a retry after a failure still has the progress.
        #expect(script.task.timers.isEmpty)
        script.apply(script.heartbeat())
        #expect(script.task.timers.map(\.timer) == [.lease, .timeout])
        script.apply(script.failed())
        #expect(script[0].checkpoint == stored && script[0].state == .waitingForRetry)
    }

    @Test("a checkpoint as the first word of a dispatch implies its start")
    func firstCheckpoint() {
        var script = Script.started(step("a"))
        script.apply(script.checkpoint(0, nil, #"{"cursor":1,"items_processed":1}"#))
        #expect(script.states == [.inProgress] && script[0].dispatch?.id == d(2))
    }
}
