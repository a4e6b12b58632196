import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerEngine

/// A result costs the same however many siblings its step has: counted, not timed.
@Suite("Wide batches")
struct WideBatchTests {
    private func started(_ width: Int, _ strategy: FailureStrategy = .continueOnFailure) -> Script {
        var script = Script.started(
            typed(.batchable, "A"),
            typed(
                .batchWorker, "w", after: "A", retry: .never,
                batch: BatchConfiguration(parallelism: 50, failureStrategy: strategy)),
            typed(.deferredConvergence, "J", after: "w"))
        script.complete("A", makes(width))
        return script
    }

    /// What the result of each worker did, as (effects, rows named in them).
    private func costs(_ script: inout Script, failsEvery: Int? = nil) -> [[Int]] {
        var costs: [[Int]] = []
        let members = script.task.batches[0].members
        for (index, place) in members.enumerated() {
            let fails = failsEvery.map { index % $0 == 0 } ?? false
            let effects = script.apply(fails ? script.failed(place) : script.completed(place))
            // The last ones find no sibling to start.
            guard index < members.count - 50 else { continue }
            var rows: Set<Int> = []
            for case .stepChanged(let row) in effects { rows.insert(row) }
            costs.append([fails ? 1 : 0, effects.count, rows.count])
        }
        return costs
    }

    @Test("10 000 workers: making them is one effect, and each result does the same as with 100")
    func results() {
        var wide = started(10_000)
        var narrow = started(100)
        #expect(wide.task.steps.count == 10_002 && wide.task.inFlightCount == 50)
        let expected = Set(costs(&narrow))
        #expect(expected.count == 1 && expected.first?.last == 2)
        #expect(Set(costs(&wide)) == expected)
        #expect(wide["J"].state == .enqueued && wide["J"].parents.count == 10_000)
        wide.complete("J")
        #expect(wide.state == .complete)
    }

    @Test("... failures too, tolerated or not")
    func failures() {
        for strategy in [FailureStrategy.isolate, .continueOnFailure] {
            var narrow = started(100, strategy)
            var wide = started(3000, strategy)
            #expect(
                Set(costs(&wide, failsEvery: 10).map { Array($0.prefix(1) + $0.suffix(1)) })
                    == Set(costs(&narrow, failsEvery: 10).map { Array($0.prefix(1) + $0.suffix(1)) }))
            #expect(wide["J"].state == (strategy == .isolate ? .enqueued : .pending))
            #expect(wide.task.toleratedCount == (strategy == .isolate ? 300 : 0))
        }
    }

    @Test("10 000 failed workers are retried and cancelled as a whole")
    func together() {
        var script = started(10_000)
        for place in script.task.batches[0].members { script.apply(script.failed(place)) }
        #expect(script.state == .blockedByFailures && script.task.deadLetter?.failures.count == 10_000)
        let effects = script.act(.retryTask(steps: nil))
        #expect(effects.dispatched.count == 50 && script.task.count(.pending) == 9951)
        let cancelled = script.apply(.cancel(reason: "enough", actor: "ada"))
        #expect(cancelled.notices.count == 50 && script.task.count(.cancelled) == 10_001)
    }

    @Test("a wide fan-in of ordinary steps: each result touches its own row only")
    func fanIn() {
        let names = (0..<2000).map { "s\($0)" }
        var steps = names.map { step($0) }
        var join = step("join")
        join.dependencies = names
        steps.append(join)
        var script = Script(TaskTemplate(name: "order", namespace: "shop", version: "1.0.0", steps: steps))
        script.apply(.start)
        var costs: Set<Int> = []
        for place in 0..<1999 { costs.insert(script.apply(script.completed(place)).count) }
        #expect(costs.count == 1)
        #expect(script.apply(script.completed(1999)).dispatched == [2000])
    }
}
