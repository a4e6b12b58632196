import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, section 6.1: a decision's outcome, and each way in which it can be wrong.
@Suite("Outcomes of decisions")
struct DecisionOutcomeTests {
    private func started(_ change: (inout EngineSettings) -> Void = { _ in }) -> Script {
        var settings = EngineSettings()
        change(&settings)
        return Script.started(
            step("first"), typed(.decision, "decide", after: "first"), step("left", after: "decide"),
            step("right", after: "decide"), typed(.decision, "inner", after: "decide"), step("deep", after: "inner"),
            typed(.deferredConvergence, "join", after: "left", "right"), step("apart"), settings: settings)
    }

    private func decided(_ result: RawJSON, _ change: (inout EngineSettings) -> Void = { _ in }) -> (Script, [Effect]) {
        var script = started(change)
        script.complete("first")
        let effects = script.complete("decide", result)
        return (script, effects)
    }

    /// The error, and that nothing else happened to the rows.
    private func failure(of result: RawJSON, _ change: (inout EngineSettings) -> Void = { _ in }) -> StepFailure? {
        let (script, effects) = decided(result, change)
        #expect(script.names == ["first", "decide", "apart"] && script["decide"].state == .error)
        #expect(effects.deadLetters.last?.reason == .permanentFailure && script["decide"].retryAt == nil)
        #expect(!effects.contains { if case .stepsAdded = $0 { true } else { false } })
        guard let type = script["decide"].lastError?.member("error_type")?.string,
            let message = script["decide"].lastError?.member("message")?.string
        else { return nil }
        return StepFailure(message: message, errorType: type)
    }

    @Test(
        "no outcome, or none that can be read",
        arguments: [
            "{}", "null", "[]", #"{"decision_point_outcome":null}"#, #"{"decision_point_outcome":{}}"#,
            #"{"decision_point_outcome":{"type":"other"}}"#, #"{"decision_point_outcome":{"type":"create_steps"}}"#,
            #"{"decision_point_outcome":{"type":"create_steps","step_names":"left"}}"#,
            #"{"decision_point_outcome":{"type":"create_steps","step_names":["left",1]}}"#,
        ])
    func missing(_ text: String) throws {
        let failure = failure(of: try RawJSON(validating: text))
        #expect(failure?.errorType == "decision_outcome_missing")
    }

    @Test("a name that the template does not have: the nearest is named")
    func unknown() {
        let failure = failure(of: chooses("lefd"))
        #expect(failure?.errorType == "decision_unknown_step" && failure?.message.contains("'left'") == true)
    }

    @Test(
        "a step that does not lie behind the decision, or cannot be chosen",
        arguments: ["first", "apart", "decide", "deep", "join"])
    func invalid(_ name: String) {
        #expect(failure(of: chooses("left", name))?.errorType == "decision_invalid_descendant")
    }

    @Test("too many, too deep, switched off")
    func limits() {
        #expect(
            failure(of: chooses("left", "right")) { $0.maxStepsPerDecision = 1 }?.errorType == "decision_too_many_steps"
        )
        #expect(failure(of: chooses("left")) { $0.maxDecisionDepth = 0 }?.errorType == "decision_depth_exceeded")
        #expect(failure(of: chooses("left")) { $0.isDecidingEnabled = false }?.errorType == "decision_disabled")
        let (script, _) = decided(chooses()) { $0.isDecidingEnabled = false }
        #expect(script["decide"].state == .complete)
    }

    @Test("names that are repeated count once; other keys may stand beside the outcome")
    func repeated() throws {
        let text = #"{"x":1,"decision_point_outcome":{"type":"create_steps","step_names":["left","left"],"why":"y"}}"#
        let (script, _) = decided(try RawJSON(validating: text)) { $0.maxStepsPerDecision = 1 }
        #expect(script.names == ["first", "decide", "apart", "left", "join"])
        #expect(script["decide"].envelope?.member("result")?.text == text)
    }

    @Test("an empty list means no branches")
    func empty() {
        let (script, _) = decided(RawJSON(["decision_point_outcome": ["type": "create_steps", "step_names": []]]))
        #expect(script.names == ["first", "decide", "apart"] && script["decide"].state == .complete)
    }

    @Test("nesting is counted along the decisions that chose each other")
    func depth() {
        var script = started { $0.maxDecisionDepth = 1 }
        script.complete("first")
        script.complete("decide", chooses("inner"))
        script.complete("inner", chooses("deep"))
        #expect(script["inner"].lastError?.member("error_type")?.string == "decision_depth_exceeded")
        #expect(!script.names.contains("deep"))
        script.settings.maxDecisionDepth = 2
        script.act(.resetStep(script.place("inner"), clearCheckpoint: false))
        script.complete("inner", chooses("deep"))
        #expect(script["deep"].state == .enqueued)
    }

    @Test("a hostile list of many names is refused without comparing each with each")
    func manyNames() {
        let names = (0..<50_000).map { JSONValue.string("n\($0)") }
        let result = RawJSON(["decision_point_outcome": ["type": "create_steps", "step_names": .array(names)]])
        #expect(failure(of: result)?.errorType == "decision_too_many_steps")
    }
}
