import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// `result_schema` and its policy (template contract, section 8).
@Suite("Schemas of results")
struct ResultSchemaTests {
    private func completed(
        _ result: RawJSON, _ policy: ResultSchemaPolicy?, settings: EngineSettings = EngineSettings()
    ) -> (Script, [Effect]) {
        var checked = step("a")
        checked.resultSchema = ["type": "object", "required": ["total"], "properties": ["total": ["type": "integer"]]]
        checked.resultSchemaPolicy = policy
        var script = Script.started(checked, settings: settings)
        let effects = script.complete("a", result)
        return (script, effects)
    }

    @Test("a result that fits is accepted whatever the policy")
    func fits() {
        for policy in ResultSchemaPolicy.allCases {
            let (script, effects) = completed(RawJSON(["total": 1]), policy)
            #expect(script.state == .complete && effects.remarks == [])
        }
    }

    @Test("off: not checked")
    func off() {
        let (script, effects) = completed(.null, .off)
        #expect(script.state == .complete && effects.remarks == [])
    }

    @Test("warn, the default: accepted, with a remark that says where")
    func warn() {
        for policy in [nil, ResultSchemaPolicy.warn] {
            let (script, effects) = completed(RawJSON(["total": "x"]), policy)
            #expect(script.state == .complete)
            guard case .resultSchemaViolated(0, let text) = effects.remarks.first else {
                Issue.record("\(effects.remarks)")
                return
            }
            #expect(text.contains("\"/total\""))
        }
    }

    @Test("fail: a permanent failure, and no result is kept")
    func fails() {
        let (script, effects) = completed(RawJSON([:]), .fail)
        #expect(script.states == [.error] && script[0].envelope == nil && script.state == .blockedByFailures)
        #expect(script[0].lastError?.member("error_type")?.string == "result_schema_violation")
        #expect(effects.deadLetters.last?.reason == .permanentFailure)
        #expect(
            effects.withoutAudit.prefix(4)
                == (stepMoves(0, .enqueued, .inProgress, d(1))
                + stepMoves(0, .inProgress, .enqueuedForOrchestration))[...])
    }

    @Test("the settings' policy holds where the step states none")
    func setting() {
        var settings = EngineSettings()
        settings.resultSchemaPolicy = .fail
        #expect(completed(.null, nil, settings: settings).0.states == [.error])
        #expect(completed(.null, .off, settings: settings).0.states == [.complete])
    }
}
