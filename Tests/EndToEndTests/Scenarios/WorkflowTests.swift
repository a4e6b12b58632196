import TaskerProtocol
import Testing

/// Shapes of workflows, with steps in Swift and Python.
extension EndToEnd {
    @Suite(.serialized)
    struct Workflows {
        /// Neighbours in the DAG run in different languages.
        private static func compute(
            _ name: String, _ language: Language, of parents: [String] = [], multiply: Int = 1, add: Int = 0
        ) -> StepSpec {
            StepSpec(
                name: name, handler: language.handler("compute"), after: parents,
                settings: [
                    "of": .array(parents.map { .string($0) }), "multiply": .number(multiply), "add": .number(add),
                ])
        }

        private static func run(
            _ steps: [StepSpec], _ context: JSONValue, _ check: (TaskerSystem, String) async throws -> Void
        ) async throws {
            try await TaskerSystem.run { system in
                try await system.register("workflow", steps)
                try await system.startWorker(.swift)
                try await system.startWorker(.python, module: "workflow_handlers")
                let task = try await system.create("workflow", context)
                try await check(system, task)
            }
        }

        @Test("linear: four steps, each uses the one before")
        func linear() async throws {
            let steps = [
                Self.compute("one", .swift, add: 1), Self.compute("two", .python, of: ["one"], multiply: 2),
                Self.compute("three", .swift, of: ["two"], multiply: 3),
                Self.compute("four", .python, of: ["three"], add: 4),
            ]
            try await Self.run(steps, ["value": 5]) { system, task in
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "four") == ["value": 40])
                let languages = try await system.steps(task).map { $0.text("worker_language") }
                #expect(languages == ["swift", "python", "swift", "python"])
            }
        }

        @Test("diamond: two branches side by side, and a join")
        func diamond() async throws {
            let steps = [
                Self.compute("top", .python, add: 1), Self.compute("left", .swift, of: ["top"], multiply: 2),
                Self.compute("right", .python, of: ["top"], multiply: 3),
                Self.compute("bottom", .swift, of: ["left", "right"]),
            ]
            try await Self.run(steps, ["value": 9]) { system, task in
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "bottom") == ["value": 50])
            }
        }

        @Test("tree of eight steps: two branches with two leaves each, and a join of all leaves")
        func tree() async throws {
            let steps = [
                Self.compute("root", .swift), Self.compute("a", .python, of: ["root"], add: 1),
                Self.compute("b", .swift, of: ["root"], add: 2), Self.compute("aa", .swift, of: ["a"], multiply: 2),
                Self.compute("ab", .python, of: ["a"], multiply: 3),
                Self.compute("ba", .python, of: ["b"], multiply: 4),
                Self.compute("bb", .swift, of: ["b"], multiply: 5),
                Self.compute("join", .python, of: ["aa", "ab", "ba", "bb"]),
            ]
            try await Self.run(steps, ["value": 1]) { system, task in
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "join") == ["value": 37])
            }
        }

        @Test("mixed DAG of seven: chains, a diamond and steps that join across levels")
        func mixed() async throws {
            let steps = [
                Self.compute("init", .swift), Self.compute("left", .python, of: ["init"], add: 1),
                Self.compute("right", .swift, of: ["init"], add: 2),
                Self.compute("validate", .python, of: ["left", "right"]),
                Self.compute("transform", .swift, of: ["left"], multiply: 10),
                Self.compute("analyze", .python, of: ["right"], multiply: 100),
                Self.compute("finalize", .swift, of: ["validate", "transform", "analyze"]),
            ]
            try await Self.run(steps, ["value": 1]) { system, task in
                try await system.waitUntil(task, is: "complete")
                #expect(try await system.result(task, "finalize") == ["value": 325])
                let final = try await system.step(task, "finalize")
                #expect(final["parents"] == ["validate", "transform", "analyze"])
            }
        }

        // MARK: - Approval routing

        private static func approval(_ language: Language) -> [StepSpec] {
            let ranges: JSONValue = [
                ["up_to": 1000, "steps": ["auto_approve"]], ["up_to": 10_000, "steps": ["manager_approval"]],
                ["steps": ["manager_approval", "finance_review"]],
            ]
            let other: Language = language == .swift ? .python : .swift
            return [
                compute("request", other),
                StepSpec(
                    name: "route", handler: language.handler("route"), after: ["request"], settings: ["ranges": ranges],
                    type: "decision"),
                StepSpec(name: "auto_approve", handler: "test.noop", after: ["route"]),
                StepSpec(name: "manager_approval", handler: "test.noop", after: ["route"]),
                StepSpec(name: "finance_review", handler: "test.noop", after: ["route"]),
                StepSpec(
                    name: "finish", handler: "test.join",
                    after: ["auto_approve", "manager_approval", "finance_review"],
                    type: "deferred_convergence"),
            ]
        }

        @Test("approval routing: three ranges of amounts, and steps that never exist", arguments: Language.allCases)
        func approvalRouting(_ language: Language) async throws {
            try await TaskerSystem.run { system in
                try await system.register("approval", Self.approval(language))
                try await system.startWorker(.swift)
                try await system.startWorker(.python, module: "workflow_handlers")
                let cases: [(amount: Int, chosen: Set<String>)] = [
                    (500, ["auto_approve"]), (1000, ["auto_approve"]), (5000, ["manager_approval"]),
                    (50_000, ["manager_approval", "finance_review"]),
                ]
                for (amount, chosen) in cases {
                    let task = try await system.create("approval", ["amount": .number(amount)])
                    try await system.waitUntil(task, is: "complete")
                    let states = try await system.states(task)
                    #expect(Set(states.keys) == chosen.union(["request", "route", "finish"]), "\(amount)")
                    #expect(states.values.allSatisfy { $0 == "complete" })
                    let finish = try await system.step(task, "finish")
                    #expect(Set(finish["parents"]?.arrayValue?.compactMap(\.stringValue) ?? []) == chosen)
                    let route = try await system.result(task, "route")
                    #expect(route["routing_context"]?["amount"]?.doubleValue == Double(amount))
                    let shown = try await system.task(task)
                    #expect(shown.integer("total_steps") == chosen.count + 3)
                    #expect(shown["completion_percentage"]?.doubleValue == 100)
                }
            }
        }

        @Test("a decision that names no step of the template fails with the nearest name, and can be completed by hand")
        func unknownStep() async throws {
            try await TaskerSystem.run { system in
                var steps = Self.approval(.python)
                steps[1].settings = ["ranges": [["steps": ["manager_aproval"]]]]
                try await system.register("approval", steps)
                try await system.startWorker(.swift)
                try await system.startWorker(.python, module: "workflow_handlers")
                let task = try await system.create("approval", ["amount": 1])
                try await system.waitUntil(task, is: "blocked_by_failures")
                let error = try #require(try await system.step(task, "route")["error"])
                #expect(error.text("error_type") == "decision_unknown_step")
                #expect(error.text("message").contains("manager_approval"), "\(error.canonicalText)")
                #expect(Set(try await system.states(task).keys) == ["request", "route"])
                let refused = try await system.patch(
                    task, "route",
                    [
                        "action_type": "complete_manually", "completion_data": ["result": ["no": "outcome"]],
                        "reason": "test", "completed_by": "alice",
                    ])
                #expect(refused.status == 422, "\(refused.text)")
                let outcome: JSONValue = [
                    "decision_point_outcome": ["type": "create_steps", "step_names": ["manager_approval"]]
                ]
                let done = try await system.patch(
                    task, "route",
                    [
                        "action_type": "complete_manually", "completion_data": ["result": outcome], "reason": "typo",
                        "completed_by": "alice",
                    ])
                #expect(done.status == 200, "\(done.text)")
                try await system.waitUntil(task, is: "complete")
                #expect(Set(try await system.states(task).keys) == ["request", "route", "manager_approval", "finish"])
            }
        }
    }
}
