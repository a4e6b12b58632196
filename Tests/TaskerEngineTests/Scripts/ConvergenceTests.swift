import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, section 6.3.
@Suite("Deferred convergences")
struct ConvergenceTests {
    @Test("made with the task when all its dependencies are certain")
    func atStart() {
        let script = Script(
            template(step("a"), step("b"), typed(.deferredConvergence, "J", after: "a", "b"), step("end", after: "J")))
        #expect(script.names == ["a", "b", "J", "end"])
        #expect(script.parents(of: "J") == ["a", "b"] && script.parents(of: "end") == ["J"])
    }

    @Test("listing the decision changes nothing: one that chose nothing it joins leaves it out")
    func listsDecision() {
        var script = Script.started(
            step("s"), typed(.decision, "D", after: "s"), step("a", after: "D"), step("b", after: "D"),
            typed(.deferredConvergence, "J", after: "D", "a"), step("end", after: "J"))
        script.complete("s")
        script.complete("D", chooses("b"))
        #expect(script.names == ["s", "D", "b"])
        script.complete("b")
        #expect(script.state == .complete)
    }

    @Test("its parents are the dependencies that exist, the decision among them")
    func intersection() {
        var script = Script.started(
            step("s"), typed(.decision, "D", after: "s"), step("a", after: "D"), step("b", after: "D"),
            step("c", after: "D"), typed(.deferredConvergence, "J", after: "D", "a", "b", "c"))
        script.complete("s")
        script.complete("D", chooses("c", "a"))
        #expect(script.parents(of: "J") == ["D", "a", "c"])
        script.complete("a")
        #expect(script["J"].state == .pending)
        #expect(script.complete("c").dispatched == [script.place("J")])
    }

    @Test("any other step behind a convergence is made when all its dependencies are rows")
    func behind() {
        var script = Script.started(
            step("s"), typed(.decision, "D", after: "s"), step("a", after: "D"), step("b", after: "D"),
            typed(.deferredConvergence, "J", after: "a"), step("end", after: "J", "b"), step("last", after: "end"))
        script.complete("s")
        script.complete("D", chooses("a"))
        // b never exists, so neither do end and last.
        #expect(script.names == ["s", "D", "a", "J"])
        script.complete("a")
        script.complete("J")
        #expect(script.state == .complete)
    }

    @Test("... in the same transaction, to a fixed point, decisions included")
    func behindExists() {
        var script = Script.started(
            step("s"), typed(.decision, "D", after: "s"), step("a", after: "D"), step("b", after: "D"),
            typed(.deferredConvergence, "J", after: "a"), step("end", after: "J", "b"),
            typed(.decision, "more", after: "end"),
            step("x", after: "more"), typed(.deferredConvergence, "K", after: "end", "x"))
        script.complete("s")
        script.complete("D", chooses("a", "b"))
        #expect(script.names == ["s", "D", "a", "b", "J", "end", "more"])
        for name in ["a", "b", "J", "end"] { script.complete(name) }
        script.complete("more", chooses())
        #expect(script.names.last == "K" && script.parents(of: "K") == ["end"])
    }

    @Test("a convergence over a convergence that never exists never exists either")
    func chain() {
        var script = Script.started(
            step("s"), typed(.decision, "D", after: "s"), step("a", after: "D"), step("b", after: "D"),
            typed(.deferredConvergence, "J", after: "a"), typed(.deferredConvergence, "K", after: "J"))
        script.complete("s")
        script.complete("D", chooses("b"))
        script.complete("b")
        #expect(script.names == ["s", "D", "b"] && script.state == .complete)
    }

    @Test("a decision that feeds a batch, and a batch that feeds a decision")
    func diamond() {
        var script = Script.started(
            step("s"), typed(.decision, "D", after: "s"), step("plain", after: "D"), typed(.batchable, "A", after: "D"),
            typed(.batchWorker, "w", after: "A"), typed(.deferredConvergence, "J", after: "plain", "w"),
            typed(.decision, "E", after: "J"), step("x", after: "E"), typed(.deferredConvergence, "K", after: "x", "J"))
        script.complete("s")
        script.complete("D", chooses("A"))
        #expect(script.names == ["s", "D", "A"])
        script.complete("A", makes(2))
        #expect(script.names == ["s", "D", "A", "w_001", "w_002", "J", "E"])
        #expect(script.parents(of: "J") == ["w_001", "w_002"])
        for name in ["w_001", "w_002", "J"] { script.complete(name) }
        script.complete("E", chooses("x"))
        #expect(script.parents(of: "K") == ["x", "J"])
        script.complete("x")
        script.complete("K")
        #expect(script.state == .complete)
    }
}
