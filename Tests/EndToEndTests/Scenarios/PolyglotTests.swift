import Foundation
import Synchronization
import TaskerProtocol
import Testing

/// The same handlers in four languages.
extension EndToEnd {
    @Suite(.serialized)
    struct Polyglot {
        @Test("one step moves from language to language while tasks go on, and nothing is lost")
        func movingStep() async throws {
            try await TaskerSystem.run { system in
                try await system.register("moving", [StepSpec(name: "moved", handler: "poly.step")])
                let fleets = try await Self.startAll(system)
                let submitter = Submitter(system)
                try await submitter.while {
                    // The first to announce it has it; then it is moved, live.
                    try await submitter.wait(for: .swift)
                    for fleet in [Fleet.python, .ruby, .typescript] {
                        try await system.route("poly.step", to: [(fleet, 1)])
                        try await submitter.wait(for: fleet)
                    }
                    // A fleet that is stopped keeps its messages until it is back.
                    #expect(try await fleets[.typescript]?.stop() == .status(0))
                    let before = submitter.created.count
                    try await eventually("some tasks wait for it") { submitter.created.count > before + 10 }
                    try await system.startFleet(.typescript)
                    try await submitter.wait(for: .typescript)
                }
                try await system.route("poly.step", to: [(.swift, 50), (.python, 50)])
                let halves = try await system.create(400, "moving", submitter.context)
                try await system.waitUntilComplete(submitter.created.count + halves.count)
                try await system.verify(submitter.created + halves)

                let languages = try await Self.languages(of: halves, system)
                #expect(languages.values.reduce(0, +) == 400 && Set(languages.keys) == ["swift", "python"])
                // 400 throws of a coin: outside six standard deviations once in 500 million runs.
                #expect((140...260).contains(languages["swift"] ?? 0), "\(languages)")
                let moved = try await Self.languages(of: submitter.created, system)
                #expect(Set(moved.keys) == ["swift", "python", "ruby", "typescript"])
            }
        }

        private static func startAll(_ system: TaskerSystem) async throws -> [Fleet: ManagedProcess] {
            var fleets: [Fleet: ManagedProcess] = [:]
            for fleet in Fleet.allCases { fleets[fleet] = try await system.startFleet(fleet) }
            return fleets
        }

        private static func languages(of tasks: [String], _ system: TaskerSystem) async throws -> [String: Int] {
            let steps = try await concurrently(tasks) { try await system.step($0, "moved") }
            return Dictionary(grouping: steps, by: { $0.text("worker_language") }).mapValues(\.count)
        }

        @Test("the same decisions and batches give the same stored results in all languages")
        func sameResults() async throws {
            try await TaskerSystem.run { system in
                _ = try await Self.startAll(system)
                var stored: [Fleet: [String: JSONValue]] = [:]
                for fleet in Fleet.allCases {
                    try await system.register("same_\(fleet.rawValue)", Self.steps(fleet))
                    for (amount, rows) in [(0, 0), (5, 100), (5000, 250)] {
                        let task = try await system.create(
                            "same_\(fleet.rawValue)", ["amount": .number(amount), "rows": .number(rows)])
                        try await system.waitUntil(task, is: "complete")
                        for step in try await system.steps(task) {
                            #expect(step.text("worker_language") == fleet.rawValue)
                            let key = "\(amount) \(step.text("name"))"
                            stored[fleet, default: [:]][key] = step["results"]?["result"]
                        }
                    }
                }
                let expected = try #require(stored[.python])
                #expect(expected["5000 aggregate"] == ["total": 31_125, "workers": 3])
                for fleet in Fleet.allCases {
                    #expect(Set(stored[fleet]?.keys.map { $0 } ?? []) == Set(expected.keys), "\(fleet)")
                    for (key, value) in expected {
                        #expect(stored[fleet]?[key] == value, "\(fleet) \(key)")
                    }
                }
            }
        }

        private static func steps(_ fleet: Fleet) -> [StepSpec] {
            func step(
                _ name: String, _ handler: String, after: [String] = [], type: String = "standard"
            ) -> StepSpec {
                StepSpec(name: name, handler: handler, after: after, queue: fleet.queue, type: type)
            }
            return [
                step("route", "poly.route", type: "decision"), step("auto", "poly.step", after: ["route"]),
                step("manager", "poly.step", after: ["route"]), step("finance", "poly.step", after: ["route"]),
                step("analyze", "poly.analyze", type: "batchable"),
                step("process", "poly.batch", after: ["analyze"], type: "batch_worker"),
                step("aggregate", "poly.aggregate", after: ["analyze", "process"], type: "deferred_convergence"),
            ].map { spec in
                // Who ran it is the one thing that differs.
                var spec = spec
                if spec.handler == "poly.step" { spec.handler = "poly.echo" }
                return spec
            }
        }

        @Test("Unicode, 64-bit integers and a large text survive the way through every language")
        func roundTrip() async throws {
            try await TaskerSystem.run { system in
                _ = try await Self.startAll(system)
                let value: JSONValue = [
                    "integers": [.integer(.max), .integer(.min), .integer(9_007_199_254_740_993), 0],
                    "doubles": [.double(0.1), .double(1e300), .double(-2.5e-10)], "null": .null, "true": true,
                    "text": "Größe, 日本語, 👩‍👩‍👧, \u{7F}, \"quotes\" and \\", "": ["": []],
                    "large": .string(String(repeating: "ä", count: 120_000)),
                ]
                try await system.register(
                    "trip",
                    Fleet.allCases.map { StepSpec(name: $0.rawValue, handler: "poly.echo", queue: $0.queue) })
                let task = try await system.create("trip", ["value": value])
                try await system.waitUntil(task, is: "complete")
                for fleet in Fleet.allCases {
                    #expect(try await system.result(task, fleet.rawValue) == ["value": value], "\(fleet)")
                }
            }
        }
    }
}

/// Creates tasks as long as somebody wants it to.
private final class Submitter: Sendable {
    let system: TaskerSystem
    private let tasks = Mutex<[String]>([])

    init(_ system: TaskerSystem) { self.system = system }

    var created: [String] { tasks.withLock { $0 } }
    var context: JSONValue { ["record_path": .string(system.recordPath)] }

    func `while`(_ body: () async throws -> Void) async throws {
        let running = Task {
            while !Task.isCancelled {
                let task = try await system.create("moving", context)
                tasks.withLock { $0.append(task) }
                try await Task.sleep(for: .milliseconds(20))
            }
        }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
        running.cancel()
        _ = await running.result
        try outcome.get()
    }

    /// Until a task that was created from now on has been run in that language.
    func wait(for fleet: Fleet) async throws {
        let first = created.count
        try await eventually("\(fleet) runs the step") {
            for task in self.created.dropFirst(first) {
                if try await self.system.step(task, "moved").text("worker_language") == fleet.rawValue { return true }
            }
            return false
        }
    }
}
