import Foundation
import TaskerMessaging
import TaskerProtocol
import Testing

extension EndToEnd {
    /// Results that must not count: a second one of the same dispatch, one of a dispatch whose worker was given up, one of
    /// a dispatch nobody ever made.
    @Test func resultsThatMustNotCountChangeNothing() async throws {
        try await TaskerSystem.run { system in
            try await system.register(
                "fenced",
                [
                    StepSpec(name: "first", handler: "test.record", settings: ["kill": true, "kill_attempts": 1]),
                    StepSpec(name: "second", handler: "python.record", after: ["first"]),
                ])
            let context: JSONValue = ["record_path": .string(system.recordPath)]
            try await system.startWorker(.python)
            try await system.withSupervised(.swift) {
                let task = try await system.create("fenced", context)
                try await system.waitUntil(task, is: "complete")
                let step = try await system.step(task, "first")
                let starts = system.starts.filter { $0.step == step.text("step_uuid") }
                #expect(starts.map(\.attempt) == [1, 2])
                let late = try #require(starts.first?.dispatch)
                let accepted = try #require(starts.last?.dispatch)
                let forged = UUID().uuidString.lowercased()

                try await system.withWire { wire in
                    for dispatch in [accepted, late, forged] {
                        try await wire.publish(Self.result(of: dispatch, task, step, ["attempt": 99]))
                    }
                }
                try await eventually("the three results are in the audit") {
                    let rows = try await system.audit(task, "first")
                    let found = ["duplicate", "late", "forged"].map { TaskerSystem.count($0, in: rows) }
                    return found == [1, 1, 1]
                }
                let after = try await system.step(task, "first")
                for member in ["current_state", "results", "attempts", "completed_at", "worker_id"] {
                    #expect(after[member] == step[member], "\(member)")
                }
                #expect(after["results"]?["result"]?["attempt"] == 2)
                #expect(try await system.status(task) == "complete")
                let rows = try await system.verify([task])
                #expect(
                    rows.filter { $0.text("disposition") == "duplicate" }.map { $0.text("dispatch_id") } == [accepted])
                #expect(rows.filter { $0.text("disposition") == "late" }.map { $0.text("dispatch_id") } == [late])
                #expect(rows.filter { $0.text("disposition") == "forged" }.map { $0.text("dispatch_id") } == [forged])
            }
        }
    }

    /// The second copy comes while the task goes on; its next step must not be dispatched a second time either.
    @Test func aResultDeliveredTwiceWhileTheTaskRunsCountsOnce() async throws {
        try await TaskerSystem.run { system in
            try await system.register(
                "running",
                [
                    StepSpec(name: "first", handler: "test.record"),
                    StepSpec(
                        name: "second", handler: "python.record", after: ["first"], settings: ["milliseconds": 1500]),
                ])
            for language in Language.allCases { try await system.startWorker(language) }
            let task = try await system.create("running", ["record_path": .string(system.recordPath)])
            try await eventually("the second step runs") { system.starts.count == 2 }
            let step = try await system.step(task, "first")
            let dispatch = try #require(system.starts.first?.dispatch)
            try await system.withWire { wire in
                for _ in 0..<2 { try await wire.publish(Self.result(of: dispatch, task, step, ["attempt": 99])) }
            }
            try await system.waitUntil(task, is: "complete")
            try await eventually("both copies are in the audit") {
                TaskerSystem.count("duplicate", in: try await system.audit(task, "first")) == 2
            }
            #expect(system.starts.count == 2)
            #expect(try await system.step(task, "first")["results"] == step["results"])
            try await system.verify([task])
        }
    }

    /// The test itself is the worker here: it hands the first dispatch back, is given a second, and answers the first.
    @Test func aResultOfASupersededDispatchChangesNothing() async throws {
        try await TaskerSystem.run { system in
            try await system.register(
                "resent", [StepSpec(name: "only", handler: "whatever", attempts: 1, queue: "e2e.fake")])
            try await system.withWire { wire in
                try await wire.declare(Topology.worker(queues: ["e2e.fake"], names: system.names, type: .quorum))
                let inbox = try await wire.collect(.named(system.names.steps("e2e.fake")))
                let task = try await system.create("resent")
                let first = try await inbox.wait(for: "the first dispatch").json
                let step = try await system.step(task, "only")
                var busy = Self.result(of: first.text("dispatch_id"), task, step, nil)
                busy.status = .abandoned
                busy.error = StepFailure(message: "no slot is free", errorType: "worker_busy")
                try await wire.publish(busy)
                let second = try await inbox.wait(for: "the second dispatch") {
                    $0.json.text("dispatch_id") != first.text("dispatch_id")
                }.json
                #expect(second["step"]?["attempt"] == 1)
                #expect(second["step"]?["uuid"] == first["step"]?["uuid"])

                try await wire.publish(Self.result(of: first.text("dispatch_id"), task, step, ["from": "first"]))
                try await eventually("the result of the first dispatch is in the audit") {
                    TaskerSystem.count("superseded", in: try await system.audit(task, "only")) == 1
                }
                #expect(try await system.status(task) == "steps_in_process")
                #expect(try await system.step(task, "only").text("dispatch_id") == second.text("dispatch_id"))

                try await wire.publish(Self.result(of: second.text("dispatch_id"), task, step, ["from": "second"]))
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.step(task, "only")["results"]?["result"] == ["from": "second"])
                let rows = try await system.verify([task], records: false)
                let received = rows.map { $0.text("disposition") }.filter { $0 != "automatic" }
                #expect(received == ["abandoned", "superseded", "accepted"])
                #expect(inbox.all.count == 2)
            }
        }
    }

    static func result(
        of dispatch: String, _ task: String, _ step: JSONValue, _ result: JSONValue
    ) -> StepResultMessage {
        StepResultMessage(
            dispatchID: DispatchID(dispatch), taskID: TaskID(task), stepID: StepID(step.text("step_uuid")),
            status: .completed, result: RawJSON(result))
    }
}
