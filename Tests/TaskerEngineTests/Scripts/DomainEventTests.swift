import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// Engine contract, section 12.
@Suite("Domain events")
struct DomainEventTests {
    private func started(_ events: EventDeclaration...) -> Script {
        var declaring = step("a", retry: .plain(2))
        declaring.publishesEvents = events
        return Script.started(declaring)
    }

    /// A message of the open dispatch with `events`.
    private func message(
        _ script: Script, _ status: StepResultMessage.Status, _ events: String = "[]",
        result: RawJSON? = RawJSON(["n": 1]),
        type: String = "Boom"
    ) -> Event {
        .result(
            step: 0,
            StepResultMessage(
                dispatchID: script.open(), taskID: Script.taskID, stepID: s(0), status: status,
                result: status == .completed ? result : nil,
                error: status == .completed ? nil : StepFailure(message: "it broke", errorType: type),
                events: RawJSON(trusting: Array(events.utf8)), startedAt: script.now, executionMilliseconds: 12,
                worker: worker))
    }

    @Test("each condition holds for success, a failure that is retried, and one that is not")
    func conditions() {
        let table: [EventCondition: [Bool]] = [
            .success: [true, false, false], .failure: [false, true, true], .retryableFailure: [false, true, false],
            .permanentFailure: [false, false, true], .always: [true, true, true],
        ]
        for condition in EventCondition.allCases {
            let script = started(EventDeclaration(name: "order.done", condition: condition))
            var (success, retried, permanent) = (script, script, script)
            let published = [
                success.apply(message(script, .completed)), retried.apply(message(script, .failed)),
                permanent.apply(message(script, .failed, type: "permanent_error")),
            ].map { $0.domainEvents.map(\.name) == ["order.done"] }
            #expect(published == table[condition], "\(condition)")
        }
    }

    @Test("the last attempt's failure is permanent")
    func lastAttempt() {
        var script = started(EventDeclaration(name: "order.lost", condition: .permanentFailure))
        #expect(script.apply(message(script, .failed)).domainEvents == [])
        script.fire(.retry)
        #expect(script.apply(message(script, .failed)).domainEvents.count == 1)
    }

    @Test("the envelope")
    func envelope() throws {
        var script = started(EventDeclaration(name: "order.done"))
        let event = try #require(script.apply(message(script, .completed)).domainEvents.first)
        let id = UUIDValue(version5: "1:order.done", namespace: s(0).uuid)
        #expect(event.id == id && event.correlationID == script.task.header.correlationID)
        let now = "1970-01-01T00:16:40.000Z"
        #expect(
            event.body.text
                == #"{"event_id":"\#(id)","event_name":"order.done","event_version":"1.0","payload":{"n":1},"#
                + #""metadata":{"task_uuid":"\#(Script.taskID)","step_uuid":"\#(s(0))","step_name":"a","namespace":"shop","#
                + #""correlation_id":"\#(event.correlationID)","fired_at":"\#(now)","fired_by":"Handle_a"},"#
                + #""execution_result":{"success":true,"result":{"n":1},"execution_time_ms":12}}"#)
    }

    @Test("of a failure: what broke")
    func failureEnvelope() throws {
        var script = started(EventDeclaration(name: "order.lost", condition: .failure))
        let event = try #require(script.apply(message(script, .failed)).domainEvents.first)
        #expect(
            event.body.member("execution_result")?.text
                == #"{"success":false,"error_message":"it broke","error_type":"Boom","execution_time_ms":12}"#)
    }

    @Test("the id is that of step, attempt and name: stable, and another for each attempt")
    func stableID() {
        let script = started(
            EventDeclaration(name: "e.a", condition: .always), EventDeclaration(name: "e.b", condition: .always))
        var (one, other) = (script, script)
        let first = one.apply(message(script, .failed)).domainEvents
        #expect(first == other.apply(message(script, .failed)).domainEvents && Set(first.map(\.id)).count == 2)
        one.fire(.retry)
        let second = one.apply(message(one, .completed)).domainEvents
        #expect(Set(first.map(\.id)).isDisjoint(with: second.map(\.id)))
    }

    @Test("a publisher's payload and metadata replace the default; an event may be suppressed")
    func custom() throws {
        var script = started(
            EventDeclaration(name: "e.a", publisher: "Shop::Publisher"), EventDeclaration(name: "e.b"))
        let sent = #"[{"name":"e.a","payload":[7],"metadata":{"x":1,"step_name":"no"}},{"name":"e.b","suppress":true}]"#
        let events = script.apply(message(script, .completed, sent)).domainEvents
        #expect(events.map(\.name) == ["e.a"])
        let metadata = try #require(events.first?.body.member("metadata"))
        #expect(events.first?.body.member("payload")?.text == "[7]" && metadata.member("x")?.integer == 1)
        #expect(metadata.member("step_name")?.string == "a" && metadata.member("fired_by")?.string == "Shop::Publisher")
    }

    @Test("an undeclared event, and a payload that breaks its schema, are remarked and fail nothing")
    func remarks() {
        let schema: JSONValue = ["type": "object", "required": ["total"]]
        var script = started(EventDeclaration(name: "e.a", schema: schema), EventDeclaration(name: "e.b"))
        let effects = script.apply(message(script, .completed, #"[{"name":"e.c","payload":1}]"#))
        #expect(effects.domainEvents.map(\.name) == ["e.b"] && script.state == .complete)
        #expect(effects.remarks.first == .eventUndeclared(step: 0, event: "e.c") && effects.remarks.count == 2)
        if case .eventPayloadInvalid(0, "e.a", _) = effects.remarks[1] {} else { Issue.record("\(effects.remarks)") }
    }

    @Test("fast events stay with the worker; durable and broadcast ones leave")
    func deliveryModes() {
        var script = started(
            EventDeclaration(name: "e.fast", deliveryMode: .fast), EventDeclaration(name: "e.durable"),
            EventDeclaration(name: "e.both", deliveryMode: .broadcast))
        #expect(script.apply(message(script, .completed)).domainEvents.map(\.name) == ["e.durable", "e.both"])
    }

    @Test("attempts that end without a result, and results that do not count, publish nothing")
    func none() {
        let script = started(EventDeclaration(name: "e.a", condition: .always))
        var copy = script
        copy.apply(copy.heartbeat())
        #expect(copy.fire(.lease).domainEvents == [])
        copy = script
        #expect(copy.apply(copy.abandoned(0, nil, "interrupted")).domainEvents == [])
        copy = script
        #expect(copy.act(.completeStep(0, result: .null, metadata: .emptyObject)).domainEvents == [])
        copy = script
        let event = message(script, .completed)
        #expect(copy.apply(event).domainEvents.count == 1 && copy.apply(event).domainEvents == [])
    }

    @Test("a result that cannot be used is a permanent failure")
    func invalidOutcome() {
        var decision = typed(.decision, "D", after: "a")
        decision.publishesEvents = [
            EventDeclaration(name: "e.ok"), EventDeclaration(name: "e.bad", condition: .permanentFailure),
        ]
        var script = Script.started(step("a"), decision, step("x", after: "D"))
        script.complete("a")
        #expect(script.complete("D").domainEvents.map(\.name) == ["e.bad"])
    }
}
