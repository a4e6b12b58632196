import Foundation
import TaskerProtocol
import Testing

/// What people do about tasks that cannot go on by themselves.
extension EndToEnd {
    @Suite(.serialized)
    struct Repairs {
        @Test(
            "failures of every kind: retried and mended, retried in vain, permanent, timed out",
            arguments: Language.allCases)
        func errorScenarios(_ language: Language) async throws {
            try await TaskerSystem.run { system in
                func step(_ name: String, _ handler: String, _ settings: JSONValue, timeout: Int = 60) -> StepSpec {
                    StepSpec(
                        name: name, handler: language.handler(handler), settings: settings, attempts: 2,
                        timeoutSeconds: timeout)
                }
                try await system.register(
                    "failures",
                    [
                        step("mends", "fail", ["times": 1]), step("in_vain", "fail", ["message": "never works"]),
                        step("permanent", "fail", ["retryable": false, "message": "no such card"]),
                        step("too_long", "sleep", ["milliseconds": 60_000], timeout: 1),
                    ])
                try await system.startWorker(language)
                let task = try await system.create("failures")
                try await system.waitUntil(task, is: "blocked_by_failures")
                let states = try await system.states(task)
                #expect(states == ["mends": "complete", "in_vain": "error", "permanent": "error", "too_long": "error"])
                let entry = try await system.http.get("/v1/dlq/task/\(task)")
                let failures = entry["metadata"]?["failures"]?.arrayValue ?? []
                let reasons = Dictionary(
                    failures.map { ($0.text("step_name"), $0.text("reason")) }, uniquingKeysWith: { $1 })
                #expect(
                    reasons == [
                        "in_vain": "max_retries_exceeded", "permanent": "permanent_failure",
                        "too_long": "max_retries_exceeded",
                    ])
                #expect(try await system.step(task, "too_long")["error"]?.text("error_type") == "timeout")
                #expect(try await system.step(task, "permanent")["error"]?.text("message") == "no such card")
                #expect(try await system.step(task, "permanent").integer("attempts") == 1)
            }
        }

        @Test("a blocked task is repaired: reset, resolve, and it resumes by itself")
        func repair() async throws {
            try await TaskerSystem.run { system in
                let flag = system.directory.appendingPathComponent("mended").path
                try await system.register(
                    "blocked",
                    [
                        StepSpec(name: "first", handler: "test.noop"),
                        StepSpec(
                            name: "broken", handler: "test.missing_file", after: ["first"],
                            settings: ["path": .string(flag)], attempts: 1),
                        StepSpec(name: "hopeless", handler: "test.fail", after: ["first"], attempts: 1),
                        StepSpec(name: "last", handler: "test.noop", after: ["broken", "hopeless"]),
                    ])
                try await system.startWorker(.swift)
                let task = try await system.create("blocked")
                try await system.waitUntil(task, is: "blocked_by_failures")

                // The cause is mended; one step runs again, the other is declared done.
                #expect(FileManager.default.createFile(atPath: flag, contents: nil))
                let reset = try await system.patch(
                    task, "broken", ["action_type": "reset_for_retry", "reason": "file is there", "reset_by": "alice"])
                #expect(reset.status == 200, "\(reset.text)")
                try await eventually("the step that was reset is complete") {
                    try await system.states(task)["broken"] == "complete"
                }
                let again = try await system.patch(
                    task, "broken", ["action_type": "reset_for_retry", "reason": "once more", "reset_by": "alice"])
                #expect(again.status == 409, "\(again.text)")
                let resolved = try await system.patch(
                    task, "hopeless",
                    ["action_type": "resolve_manually", "reason": "done by phone", "resolved_by": "bob"])
                #expect(resolved.status == 200, "\(resolved.text)")
                try await system.waitUntil(task, is: "complete")
                let audit = try await system.audit(task, "hopeless")
                let manual = try #require(audit.last { $0.text("disposition") == "manual" })
                #expect(manual.text("actor") == "bob" && manual.text("reason") == "done by phone")
                #expect(
                    try await system.http.get("/v1/dlq/task/\(task)").text("resolution_status") == "ManuallyResolved")
            }
        }

        @Test("a task in error is replayed from its dead-letter entry; a new failure makes a new entry")
        func replay() async throws {
            try await TaskerSystem.run { system in
                try await system.register("hopeless", [StepSpec(name: "only", handler: "test.fail", attempts: 1)])
                try await system.startWorker(.swift)
                let task = try await system.create("hopeless")
                try await system.waitUntil(task, is: "blocked_by_failures")
                #expect(try await system.http.post("/v1/tasks/\(task)/give-up", ["reason": "no use"]).status == 200)
                try await system.waitUntil(task, is: "error")
                let closed = try await system.http.get("/v1/dlq/task/\(task)")
                #expect(closed.text("resolution_status") == "PermanentlyFailed")
                #expect(try await system.http.post("/v1/tasks/\(task)/retry", [:]).status == 200)
                try await system.waitUntil(task, is: "blocked_by_failures")
                let entry = try await system.http.get("/v1/dlq/task/\(task)")
                #expect(entry.text("dlq_entry_uuid") != closed.text("dlq_entry_uuid"))
                let replayed = try await system.http.post("/v1/dlq/entry/\(entry.text("dlq_entry_uuid"))/replay", [:])
                #expect(replayed.status == 200, "\(replayed.text)")
                try await eventually("the replay has failed again") {
                    try await system.http.get("/v1/dlq/task/\(task)").text("dlq_entry_uuid")
                        != entry.text("dlq_entry_uuid")
                }
                #expect(try await system.step(task, "only").integer("total_attempts") == 3)
            }
        }

        @Test(
            "a task cancelled in flight: its workers stop, later results change nothing", arguments: Language.allCases)
        func cancelInFlight(_ language: Language) async throws {
            try await TaskerSystem.run { system in
                try await system.register(
                    "slow",
                    [
                        StepSpec(
                            name: "running", handler: language.handler("sleep"), settings: ["milliseconds": 120_000],
                            timeoutSeconds: 300),
                        StepSpec(name: "next", handler: language.handler("noop"), after: ["running"]),
                    ])
                let worker = try await system.startWorker(language)
                let task = try await system.create("slow")
                try await eventually("the step runs") { try await system.states(task)["running"] == "in_progress" }
                #expect(try await system.http.send("DELETE", "/v1/tasks/\(task)").status == 200)
                // The handler was told to stop: its answer comes long before its two minutes are over.
                try await eventually("the worker has answered") {
                    try await system.audit(task, "running").contains { $0.text("disposition") == "cancelled" }
                }
                try await eventually("its slot is free") {
                    try await system.worker(worker)?.integer("in_flight") == 0
                }
                #expect(try await system.states(task) == ["running": "cancelled", "next": "cancelled"])
                #expect(try await system.status(task) == "cancelled")
            }
        }
    }
}
