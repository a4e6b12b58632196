import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, sections 6.2 to 6.4: what a valid outcome makes.
@Suite("Decisions")
struct DecisionTests {
    /// The contract's example: D -> {a, b, c}; a -> a2; J deferred on [a2, b].
    private func example() -> Script {
        Script.started(
            step("start"), typed(.decision, "D", after: "start"), step("a", after: "D"), step("b", after: "D"),
            step("c", after: "D"), step("a2", after: "a"), typed(.deferredConvergence, "J", after: "a2", "b"))
    }

    @Test("the example: [a] makes a, a2 and J, with J behind a2 alone")
    func exampleA() {
        var script = example()
        #expect(script.names == ["start", "D"])
        script.complete("start")
        let effects = script.complete("D", chooses("a"))
        #expect(script.names == ["start", "D", "a", "a2", "J"])
        #expect(script.parents(of: "a") == ["D"] && script.parents(of: "a2") == ["a", "D"])
        #expect(script.parents(of: "J") == ["a2"])
        #expect(effects.contains(.stepsAdded(from: 2)))
        #expect(effects.contains(.journal(.created(first: 2, count: 3, by: 1))))
        #expect(effects.dispatched == [2])
        script.complete("a")
        script.complete("a2")
        #expect(script.task.ancestors(of: 4) == [0, 1, 2, 3])
        #expect(script.complete("J").taskPath.last == "AllStepsSuccessful complete")
    }

    @Test("the example: [c] makes c only, and J never exists")
    func exampleC() {
        var script = example()
        script.complete("start")
        script.complete("D", chooses("c"))
        #expect(script.names == ["start", "D", "c"])
        #expect(script.task.fates()[6] == .neverExists)
        script.complete("c")
        #expect(script.state == .complete)
    }

    @Test("no branches: nothing is made and the task completes")
    func none() {
        var script = example()
        script.complete("start")
        #expect(script.complete("D", chooses()).taskPath.last == "AllStepsSuccessful complete")
        #expect(script.names == ["start", "D"])
    }

    @Test("resolved by hand, a decision chooses nothing")
    func resolved() {
        var script = example()
        script.complete("start")
        script.act(.resolveStep(1))
        #expect(script.names == ["start", "D"] && script.state == .complete)
    }

    @Test("a convergence over branches of an outer and an inner decision waits for the inner one")
    func nested() {
        var script = Script.started(
            step("s"), typed(.decision, "outer", after: "s"), step("a", after: "outer"),
            typed(.decision, "inner", after: "a"), step("b", after: "inner"), step("c", after: "inner"),
            typed(.deferredConvergence, "J", after: "a", "b", "c"))
        script.complete("s")
        script.complete("outer", chooses("a"))
        #expect(script.names == ["s", "outer", "a", "inner"])
        script.complete("a")
        script.complete("inner", chooses("c"))
        #expect(script.names == ["s", "outer", "a", "inner", "c", "J"])
        #expect(script.parents(of: "J") == ["a", "c"])
        script.complete("c")
        script.complete("J")
        #expect(script.state == .complete)
    }

    @Test("an inner decision that was not chosen leaves what lies behind it out")
    func innerNotChosen() {
        var script = Script.started(
            step("s"), typed(.decision, "outer", after: "s"), step("a", after: "outer"),
            typed(.decision, "inner", after: "outer"), step("b", after: "inner"),
            typed(.deferredConvergence, "J", after: "a", "b"))
        script.complete("s")
        script.complete("outer", chooses("a"))
        #expect(script.names == ["s", "outer", "a", "J"] && script.parents(of: "J") == ["a"])
    }

    @Test("a chosen step waits for an undecided second decision, and drops a dependency that never comes")
    func undecided() {
        var script = Script.started(
            step("s"), typed(.decision, "one", after: "s"), typed(.decision, "two", after: "s"),
            step("x", after: "one", "y"),
            step("y", after: "two"))
        script.complete("s")
        let effects = script.complete("one", chooses("x"))
        #expect(effects.dispatched == [] && script.task.waitsForUndecided(script.place("x")))
        #expect(script.parents(of: "x") == ["one"])
        let free = script.complete("two", chooses())
        #expect(free.dispatched == [script.place("x")] && script.parents(of: "x") == ["one"])
        #expect(
            free.taskPath == [
                "StepCompleted evaluating_results", "ReadyStepsFound enqueuing_steps", "StepsEnqueued steps_in_process",
            ])
    }

    @Test("... and gets it as a parent if it comes")
    func undecidedComes() {
        var script = Script.started(
            step("s"), typed(.decision, "one", after: "s"), typed(.decision, "two", after: "s"),
            step("x", after: "one", "y"),
            step("y", after: "two"))
        script.complete("s")
        script.complete("one", chooses("x"))
        #expect(script.complete("two", chooses("y")).dispatched == [script.place("y")])
        // Two chose x as well, as it follows from y.
        #expect(script.parents(of: "x") == ["one", "y", "two"])
        #expect(script.complete("y").dispatched == [script.place("x")])
    }

    @Test("chosen by two decisions, a step has one row and both as parents")
    func chosenTwice() {
        var script = Script.started(
            step("s"), typed(.decision, "one", after: "s"), typed(.decision, "two", after: "s"),
            step("x", after: "one", "two"))
        script.complete("s")
        script.complete("one", chooses("x"))
        #expect(script["x"].state == .pending)
        let effects = script.complete("two", chooses("x"))
        #expect(script.names.count { $0 == "x" } == 1 && script.parents(of: "x") == ["one", "two"])
        #expect(effects.contains(.stepChanged(3)) && effects.dispatched == [3])
        let restored = script.task.restored
        #expect(Set(restored.steps[3].parents) == [1, 2] && restored.steps[3].creators == [1, 2])
    }

    @Test("a failed decision leaves all behind it open; repaired, the task goes on")
    func failed() {
        var script = example()
        script.complete("start")
        script.complete("D", chooses("nowhere"))
        #expect(script.state == .blockedByFailures && script.task.fates()[2] == .undetermined)
        script.act(.completeStep(1, result: chooses("b"), metadata: .emptyObject))
        #expect(script.names == ["start", "D", "b", "J"] && script["b"].state == .enqueued)
        #expect(script["D"].envelope?.member("metadata")?.member("custom")?.member("completed_by")?.string == "ada")
    }
}
