import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, section 7.6.
@Suite("Checkpoints")
struct CheckpointTests {
    private func cursor(_ script: Script) -> Int64? { script[0].checkpoint?.member("cursor")?.integer }

    private func history(_ script: Script) -> [RawJSON] { script[0].checkpoint?.member("history")?.items ?? [] }

    @Test("a yield is stored with a new dispatch: same attempt, no lease, no timeout")
    func yields() {
        var script = Script.started(step("a"))
        script.apply(script.heartbeat())
        let effects = script.apply(
            script.checkpoint(0, nil, #"{"cursor":{"id":7},"items_processed":7,"accumulated_results":{"n":1}}"#))
        #expect(effects.dispositions == [.checkpoint, .automatic] && effects.minted == [d(2)])
        #expect(effects.contains(.clearTimer(step: 0, .lease)) && effects.contains(.clearTimer(step: 0, .timeout)))
        #expect(script[0].state == .inProgress && script[0].attempts == 1 && script[0].totalAttempts == 1)
        #expect(script[0].dispatch?.startedAt == nil)
        let now = "1970-01-01T00:16:40.000Z"
        #expect(
            script[0].outgoingCheckpoint?.text
                == #"{"cursor":{"id":7},"items_processed":7,"accumulated_results":{"n":1},"timestamp":"\#(now)"}"#)
        #expect(script.apply(script.completed(0, d(1))).dispositions == [.superseded])
        script.apply(script.completed())
        #expect(script.state == .complete)
    }

    @Test("a retry resumes at the last checkpoint; reset keeps it unless it is to be cleared")
    func resume() {
        var script = Script.started(step("a", retry: .plain(2)))
        script.apply(script.checkpoint(0, nil, #"{"cursor":5,"items_processed":5}"#))
        script.apply(script.failed())
        script.fire(.retry)
        #expect(script[0].attempts == 2 && cursor(script) == 5)
        script.apply(script.failed())
        script.act(.resetStep(0, clearCheckpoint: false))
        #expect(script[0].attempts == 1 && cursor(script) == 5)
        script.fail("a")
        script.act(.resetStep(0, clearCheckpoint: true))
        #expect(script[0].checkpoint == nil && script[0].outgoingCheckpoint == nil)
    }

    @Test("the history keeps the last 100, without large cursors")
    func historyLimit() {
        var script = Script.started(step("a"))
        for number in 1...150 { script.apply(script.checkpoint(0, nil, #"{"cursor":\#(number),"items_processed":1}"#)) }
        #expect(history(script).count == 100)
        #expect(history(script).first?.member("cursor")?.integer == 51)
        #expect(history(script).last?.member("cursor")?.integer == 150)
        let large = String(repeating: "x", count: 2000)
        script.apply(script.checkpoint(0, nil, #"{"cursor":"\#(large)","items_processed":2}"#))
        #expect(history(script).count == 100 && history(script).last?.member("cursor")?.isNull == true)
        #expect(script[0].outgoingCheckpoint?.member("cursor")?.string == large)
    }

    @Test("what is accumulated is limited")
    func tooLarge() {
        var settings = EngineSettings()
        settings.maxAccumulatedBytes = 10
        var script = Script.started(step("a"), settings: settings)
        script.apply(script.checkpoint(0, nil, #"{"cursor":1,"accumulated_results":"12345678"}"#))
        #expect(script[0].state == .inProgress)
        let effects = script.apply(script.checkpoint(0, nil, #"{"cursor":2,"accumulated_results":"123456789"}"#))
        #expect(script[0].state == .error && effects.deadLetters.last?.reason == .permanentFailure)
        #expect(script[0].lastError?.member("error_type")?.string == "checkpoint_too_large" && cursor(script) == 1)
        #expect(EngineSettings().maxAccumulatedBytes == 256 * 1024)
    }

    @Test("ten in a row without progress are the end; any progress counts anew")
    func noProgress() {
        var script = Script.started(step("a"))
        let same = #"{"cursor":1,"items_processed":1}"#
        for _ in 0..<9 { script.apply(script.checkpoint(0, nil, same)) }
        script.apply(script.checkpoint(0, nil, #"{"cursor":1,"items_processed":2}"#))
        for _ in 0..<9 { script.apply(script.checkpoint(0, nil, same)) }
        #expect(script[0].state == .inProgress)
        script.apply(script.checkpoint(0, nil, same))
        #expect(script[0].lastError?.member("error_type")?.string == "checkpoint_no_progress")
        #expect(script.state == .blockedByFailures)
    }

    @Test("a yield of a dispatch that does not count stores nothing")
    func late() {
        var script = Script.started(step("a"))
        let effects = script.apply(script.checkpoint(0, d(9), #"{"cursor":1}"#))
        #expect(effects.dispositions == [.forged] && effects.count == 1 && script[0].checkpoint == nil)
    }
}
