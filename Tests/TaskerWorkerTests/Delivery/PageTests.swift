import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// Wire protocol, section 3: results that did not fit the message.
@Suite struct PageTests {
    let step = makeStep(1, omitted: .init(count: 3, bytes: 9_000_000))

    func fetch(after: String?) -> Parcel {
        .fetch(
            Dispatch(step, trace: [:]),
            StepFetch(dispatchID: step.dispatchID, taskID: step.task.id, stepID: step.step.id, after: after),
            replyQueue: "amq.gen-1")
    }

    func page(_ names: [String], next: String?, gone: Bool = false) -> MachineEvent {
        .page(
            StepDependencies(
                dispatchID: step.dispatchID, dependencyResults: names.map { ($0, .emptyObject) }, next: next,
                isGone: gone))
    }

    var again: MachineEffect { .setTimer(.fetchAgain(step.dispatchID), .seconds(5)) }

    /// Tokens: 1 hello, 2 the first question.
    func fetching() -> Script {
        var script = Script.consuming()
        script.deliver(step, tag(1))
        script(.replyQueue("amq.gen-1"))
        return script
    }

    @Test func collectsAllPagesBeforeItStarts() {
        var script = Script.consuming()
        #expect(
            script.deliver(step, tag(1))
                == [.setTimer(.acknowledgeBy(step.dispatchID), .seconds(600)), .openReplyQueue, again])
        #expect(script(.replyQueue("amq.gen-1")) == [again, .publish(token: 2, fetch(after: nil))])
        #expect(script(page(["a", "b"], next: "b")) == [again, .publish(token: 3, fetch(after: "b"))])
        var whole = step
        whole.omitted = nil
        whole.dependencyResults = ["a", "b", "c"].map { ($0, .emptyObject) }
        #expect(script(page(["c"], next: nil)) == [.cancelTimer(.fetchAgain(step.dispatchID))] + script.running(whole))
    }

    @Test func asksAgainAfterFiveSecondsAndIgnoresTheSecondAnswer() {
        var script = fetching()
        #expect(script(.timer(.fetchAgain(step.dispatchID))) == [again, .publish(token: 3, fetch(after: nil))])
        script(page(["a"], next: "a"))
        #expect(script(page(["a"], next: "a")) == [])
        guard case .run(let whole)? = script(page(["b"], next: nil)).dropFirst().first else {
            Issue.record("not started")
            return
        }
        #expect(whole.dependencyResults.map(\.name) == ["a", "b"])
    }

    @Test func acksAndSendsNothingWhenTheDispatchIsGone() {
        var script = fetching()
        #expect(
            script(page([], next: nil, gone: true)) == [
                .cancelTimer(.fetchAgain(step.dispatchID)), .cancelTimer(.acknowledgeBy(step.dispatchID)),
                .acknowledge([tag(1)]),
            ])
        #expect(script.machine.usedSlots == 0)
    }

    @Test func aStepThatFetchesHasNotStarted() {
        var script = fetching()
        #expect(
            script(.cancelNotice(step.dispatchID)) == [
                .cancelTimer(.fetchAgain(step.dispatchID)),
                .publish(token: 3, answer(step, script.abandoned(step, "cancelled"))),
            ])
        #expect(script.machine.usedSlots == 0)
    }

    @Test func isParkedWhenItsDeliveryIsLost() {
        var script = fetching()
        let id = step.dispatchID
        #expect(
            script(.consumerLost(epoch: 1)) == [
                .cancelTimer(.acknowledgeBy(id)), .cancelTimer(.detachAgain(id)), .cancelTimer(.fetchAgain(id)),
                .setTimer(.parked(id), .seconds(10)),
            ])
        #expect(script(page(["a"], next: nil)) == [])
        #expect(
            script.deliver(step, tag(1, epoch: 2), before: true) == [
                .cancelTimer(.detachAgain(id)), .setTimer(.acknowledgeBy(id), .seconds(600)), .cancelTimer(.parked(id)),
                again, .publish(token: 3, fetch(after: nil)),
            ])
    }

    @Test func waitsForTheReplyQueueAfterAReconnect() {
        var script = fetching()
        script(.replyQueue(nil))
        #expect(script(.timer(.fetchAgain(step.dispatchID))) == [again])
        #expect(script(.replyQueue("amq.gen-1")) == [again, .publish(token: 3, fetch(after: nil))])
    }
}
