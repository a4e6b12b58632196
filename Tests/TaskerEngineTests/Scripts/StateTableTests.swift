#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Testing

@testable import TaskerEngine

/// `docs/state-machine.md` says what the code does, and nothing else.
@Suite("The state machine's page")
struct StateTableTests {
    /// The rows of the table under a heading.
    private func rows(_ heading: String) throws -> [(from: String, event: String, to: Set<String>)] {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
        let path = "\(root)/docs/state-machine.md"
        let contents = try #require(FileManager.default.contents(atPath: path), "there is no \(path)")
        let lines = String(decoding: contents, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0 == "## \(heading)" }, "\(path) has no section \"\(heading)\"")
        var rows: [(from: String, event: String, to: Set<String>)] = []
        for line in lines[(start + 1)...] {
            if line.hasPrefix("## ") { break }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            guard line.hasPrefix("| `"), cells.count == 5 else { continue }
            rows.append((words(cells[1]).first ?? "", String(cells[2]), Set(words(cells[3]))))
        }
        return rows
    }

    /// State and its successors.
    private func table(_ heading: String) throws -> [String: Set<String>] {
        try rows(heading).reduce(into: [:]) { $0[$1.from, default: []].formUnion($1.to) }
    }

    /// What stands between backticks.
    private func words(_ cell: Substring) -> [String] {
        cell.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .compactMap { index, part in index.isMultiple(of: 2) ? nil : String(part) }
    }

    @Test("task transitions")
    func tasks() throws {
        let expected = TaskState.allCases.reduce(into: [String: Set<String>]()) { rows, state in
            if !state.successors.isEmpty { rows[state.rawValue] = Set(state.successors.map(\.rawValue)) }
        }
        #expect(try table("Task transitions") == expected)
    }

    @Test("step transitions")
    func steps() throws {
        let expected = StepState.allCases.reduce(into: [String: Set<String>]()) { rows, state in
            if !state.successors.isEmpty { rows[state.rawValue] = Set(state.successors.map(\.rawValue)) }
        }
        #expect(try table("Step transitions") == expected)
    }

    /// The property tests hold every transition of a random task against the same list, and reach all of it.
    @Test("the event of every task transition is on the page")
    func events() throws {
        let rows = try rows("Task transitions")
        for transition in ContractTable.task {
            let words = transition.split(separator: " ").map(String.init)
            #expect(
                rows.contains { $0.from == words[0] && $0.event.contains(words[1]) && $0.to.contains(words[2]) },
                "\(transition) is missing")
        }
    }

    @Test("the kinds of states")
    func kinds() {
        #expect(TaskState.allCases.count == 12 && StepState.allCases.count == 10)
        #expect(
            TaskState.allCases.filter(\.isTerminal) == [.complete, .error, .cancelled, .resolvedManually])
        #expect(
            TaskState.allCases.filter { $0.isResting && !$0.isTerminal } == [
                .stepsInProcess, .waitingForDependencies, .waitingForRetry, .blockedByFailures,
            ])
        #expect(StepState.allCases.filter(\.isTerminal) == [.complete, .cancelled, .resolvedManually])
        #expect(StepState.allCases.filter(\.isSatisfied) == [.complete, .resolvedManually])
        #expect(
            StepState.allCases.filter(\.isInFlight) == [
                .enqueued, .inProgress, .enqueuedForOrchestration, .enqueuedAsErrorForOrchestration,
            ])
        // Only an operator's Reset leads out of a terminal state, and that is not the step's but the task's error.
        for state in TaskState.allCases where state.isTerminal {
            #expect(state.successors == (state == .error ? [.pending] : []))
        }
        for state in StepState.allCases { #expect(state.isTerminal == state.successors.isEmpty) }
    }
}
