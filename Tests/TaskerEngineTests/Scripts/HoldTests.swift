import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

@Suite("Steps without a route")
struct HoldTests {
    @Test("ready and held: costs no attempt, goes as soon as a worker announces the handler")
    func noRoute() {
        var script = Script(template(step("a"), step("b", after: "a")))
        script.routing.fallback = nil
        expect(
            script.apply(.start), taskMoves(.pending, .initializing, "Start"),
            [.stepChanged(0), .held(step: 0, .noRoute, callable: "Handle_a", queue: nil)],
            taskMoves(.initializing, .waitingForDependencies, "NoDependenciesReady"))
        #expect(script[0].hold == .noRoute && script[0].attempts == 0 && script[0].state == .pending)
        #expect(script.task.heldStepCount == 1)
        // Still none: asked again, nothing else.
        expect(script.apply(.holdsMayEnd), [.held(step: 0, .noRoute, callable: "Handle_a", queue: nil)])
        script.routing.fallback = "py"
        expect(
            script.apply(.holdsMayEnd), dispatches(0, d(1)),
            taskDispatches(from: .waitingForDependencies, "DependenciesReady"))
        #expect(script[0].hold == nil && script[0].dispatch?.queue == "py" && script.task.heldStepCount == 0)
        // Nothing is held any more.
        expect(script.apply(.holdsMayEnd), [])
    }

    @Test("the template's own queue needs no announcement")
    func declared() {
        var script = Script(template(step("a", queue: "mine")))
        script.routing.fallback = nil
        script.apply(.start)
        #expect(script[0].dispatch?.queue == "mine")
    }

    @Test("others run on beside a held step")
    func others() {
        var script = Script(template(step("a"), step("b"), step("c", after: "b")))
        script.routing.routes = ["Handle_a": nil]
        script.apply(.start)
        #expect(script.states == [.pending, .enqueued, .pending] && script.state == .stepsInProcess)
        script.routing.routes = [:]
        // While others are in flight the task goes round once more.
        expect(script.apply(.holdsMayEnd), dispatches(0, d(2)), taskDispatches("HoldEnded"))
    }

    @Test("when only held steps are left the task waits for dependencies, also beside a failure")
    func waits() {
        var script = Script(template(step("a"), step("b", retry: .never)))
        script.routing.routes = ["Handle_a": nil]
        script.apply(.start)
        let effects = script.apply(script.failed(1))
        expect(
            Array(effects.suffix(4)), taskMoves(.stepsInProcess, .evaluatingResults, "StepFailed"),
            taskMoves(.evaluatingResults, .waitingForDependencies, "NoDependenciesReady"))
        script.routing.routes = [:]
        script.apply(.holdsMayEnd)
        script.apply(script.completed(0))
        #expect(script.state == .blockedByFailures)
    }

    @Test("a retry that is due and has no route any more is held, and keeps its place in the budget")
    func heldRetry() {
        var script = Script.started(step("a"))
        script.apply(script.failed())
        script.routing.fallback = nil
        expect(
            script.fire(.retry),
            [
                .clearTimer(step: 0, .retry), .stepChanged(0),
                .held(step: 0, .noRoute, callable: "Handle_a", queue: nil),
            ],
            taskMoves(.waitingForRetry, .evaluatingResults, "RetryDue"),
            taskMoves(.evaluatingResults, .waitingForDependencies, "NoDependenciesReady"))
        #expect(script[0].attempts == 1)
        script.routing.fallback = "fleet"
        script.wait(100)
        expect(
            script.apply(.holdsMayEnd), dispatches(0, d(2), attempt: 2, from: .waitingForRetry),
            taskDispatches(from: .waitingForDependencies, "DependenciesReady"))
    }

    @Test("while a retry is waited for, a hold that ends sets the task going")
    func besideRetry() {
        var script = Script(template(step("a"), step("b")))
        script.routing.routes = ["Handle_a": nil]
        script.apply(.start)
        script.apply(script.failed(1))
        #expect(script.state == .waitingForRetry)
        script.routing.routes = [:]
        expect(script.apply(.holdsMayEnd), dispatches(0, d(2)), taskDispatches(from: .waitingForRetry, "HoldEnded"))
    }
}
