import Foundation
import TaskerProtocol
import Testing

/// One line that a `record` handler wrote before it did anything else.
struct Start: Sendable, Hashable {
    var step: String
    var attempt: Int
    var dispatch: String
    var pid: Int
}

extension TaskerSystem {
    var starts: [Start] {
        let text = (try? String(decoding: Data(contentsOf: URL(fileURLWithPath: recordPath)), as: UTF8.self)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 4, let attempt = Int(words[1]), let pid = Int(words[3]) else { return nil }
            return Start(step: String(words[0]), attempt: attempt, dispatch: String(words[2]), pid: pid)
        }
    }

    /// What must hold after every disturbance, for each step of these tasks: a dispatch was started at most once, a step
    /// that may not repeat at most once in all, each attempt has at most one result that counted, and a complete step
    /// exactly one, of a dispatch that was really started.
    /// - Parameter once: names of the steps that are `retryable: false`.
    /// - Returns: the audit rows of all steps.
    @discardableResult
    func verify(
        _ tasks: [String], once: Set<String> = [], records: Bool = true,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> [JSONValue] {
        let starts = starts
        let perDispatch = Dictionary(grouping: starts, by: \.dispatch).filter { $0.value.count > 1 }
        #expect(perDispatch.isEmpty, "dispatches started twice", sourceLocation: sourceLocation)
        let perStep = Dictionary(grouping: starts, by: \.step)
        let checked = try await concurrently(tasks) { task in try await self.evidence(of: task) }
        var rows: [JSONValue] = []
        for (step, audit) in checked.joined() {
            let what: Comment = "\(step.text("task_uuid")) \(step.text("name")): \(audit.map(\.canonicalText))"
            let begun = perStep[step.text("step_uuid")] ?? []
            let accepted = audit.filter { $0.text("disposition") == "accepted" }
            let perAttempt = Dictionary(grouping: accepted) { $0.integer("attempt") }
            #expect(perAttempt.values.allSatisfy { $0.count == 1 }, what, sourceLocation: sourceLocation)
            if step.text("current_state") == "complete" {
                let successes = accepted.filter { $0["success"]?.boolValue == true }
                #expect(successes.count == 1, what, sourceLocation: sourceLocation)
                if records {
                    let dispatch = successes.first?.text("dispatch_id")
                    #expect(begun.contains { $0.dispatch == dispatch }, what, sourceLocation: sourceLocation)
                }
            }
            if once.contains(step.text("name")) {
                #expect(begun.count <= 1, what, sourceLocation: sourceLocation)
            }
            rows += audit
        }
        return rows
    }

    private func evidence(of task: String) async throws -> [(JSONValue, [JSONValue])] {
        var found: [(JSONValue, [JSONValue])] = []
        for step in try await steps(task) { found.append((step, try await audit(task, step.text("step_uuid")))) }
        return found
    }

    /// How many rows have this disposition.
    static func count(_ disposition: String, in rows: [JSONValue]) -> Int {
        rows.count { $0.text("disposition") == disposition }
    }
}
