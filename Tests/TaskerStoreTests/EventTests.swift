import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

/// The stream of events, lists behind a position, and timings.
@Suite struct EventTests {
    private static func entries(_ count: Int) -> [JournalEntry] {
        [
            .task(from: .pending, to: .initializing, event: "Start"),
            .audit(
                AuditRecord(
                    place: 0, disposition: .accepted, attempt: 1, dispatch: nil, status: "completed",
                    fromState: .enqueued, toState: .enqueuedForOrchestration)),
        ]
            + (0..<count).map { number in
                .step(
                    place: number % 4, from: .pending, to: .enqueued, attempt: 1, dispatch: nil,
                    detail: "number \(number)")
            }
    }

    /// Three commits: two tasks, a notice, two tasks and a notice.
    private func fill(_ store: any Store) async throws -> [WorkflowTask] {
        let epoch = try await store.acquire()
        let tasks = [try await store.create(.test(1), epoch: epoch), try await store.create(.test(2), epoch: epoch)]
        var next: Int64 = 1
        for round in 0..<3 {
            var batch = CommitBatch(at: noon.advanced(byMilliseconds: Int64(round) * 1000))
            if round != 1 { batch.tasks = tasks.map { TaskChange(task: $0, journal: Self.entries(round + 1)) } }
            if round != 0 { batch.notices = [.notice(type: "worker.joined", detail: "w\(round)")] }
            batch.firstEvent = next
            next += batch.eventCount
            try await store.commit(batch, epoch: epoch)
        }
        return tasks
    }

    @Test(arguments: StoreKind.allCases)
    func numbersAreGapless(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            #expect(try await store.eventRange() == (0, 0))
            #expect(try await store.events(after: 0, limit: 10).isEmpty)
            let tasks = try await fill(store)
            // 2 x (1 + 1), 1, 2 x (1 + 3) + 1.
            #expect(try await store.eventRange() == (1, 14))
            let all = try await store.events(after: 0, limit: 100)
            #expect(all.map(\.number) == Array(1...14))
            #expect(all[0].type == "task.initialize_requested")
            #expect(all[0].taskID == tasks[0].id)
            #expect(all[0].namespace == "shop")
            #expect(all[0].taskName == "order")
            #expect(all[3].taskID == tasks[1].id)
            #expect(all[3].type == "step.enqueued")
            #expect(all[3].stepID == tasks[1].steps[0].id)
            #expect(all[3].stepName == "validate")
            #expect(all[3].detail == "number 0")
            #expect(all[4].type == "worker.joined")
            #expect(all[4].workerID == "w1")
            #expect(all[4].taskID == nil)
            for start in 0...14 {
                let rest = try await store.events(after: Int64(start), limit: 3)
                #expect(rest == Array(all.dropFirst(start).prefix(3)), "after \(start)")
            }
            #expect(try await store.firstEvent(since: noon, after: 0) == 1)
            #expect(try await store.firstEvent(since: noon.advanced(byMilliseconds: 1), after: 0) == 5)
            #expect(try await store.firstEvent(since: noon.advanced(byMilliseconds: 3000), after: 0) == nil)
            #expect(try await store.firstEvent(since: noon, after: 5) == 6)
            // Notices are no part of a task's history.
            #expect(
                try await store.journal(of: tasks[0].id, after: 0, limit: 100).allSatisfy {
                    $0.entry.eventType != "worker.joined"
                })
        }
    }

    @Test(arguments: StoreKind.allCases, [TaskFilter.Order.newestFirst, .oldestFirst, .priority])
    func goesOnBehindAPosition(_ kind: StoreKind, _ order: TaskFilter.Order) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            for number in 0..<20 {
                var header = TaskHeader.test(number, at: noon.advanced(byMilliseconds: Int64(number / 4)))
                header.priority = number % 3
                var ids = SeededIDSource(seed: UInt64(number))
                let task = WorkflowTask(header: header, plan: .order()) { ids.nextID(at: noon) }
                try await store.create(task, epoch: epoch)
            }
            var filter = TaskFilter()
            filter.order = order
            let whole = try await store.list(filter, page: 1, perPage: 100).tasks
            var found = try await store.list(filter, after: nil, limit: 3)
            while let last = found.last {
                let page = try await store.list(filter, after: TaskPosition(last), limit: 3)
                if page.isEmpty { break }
                found += page
            }
            #expect(found == whole)
            #expect(try await store.list(filter, after: TaskPosition(whole[0]), limit: 0).isEmpty)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func timesOfTasksAndSteps(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            var task = try await store.create(.test(1), epoch: epoch)
            try await store.create(.test(2, at: noon.advanced(byMilliseconds: 10)), epoch: epoch)
            try await store.apply(
                .result(step: 0, .answer(.completed, to: task, step: 0)), to: &task,
                at: noon.advanced(byMilliseconds: 500), epoch: epoch)
            let timings = try await store.timings(since: noon, limit: 10)
            #expect(timings.count == 2)
            let first = try #require(timings.last)
            #expect(first.name == "order")
            #expect(first.state == task.state)
            #expect(first.steps.map(\.name) == ["validate", "reserve", "charge", "confirm"])
            #expect(first.steps[0].runMilliseconds == 17)
            #expect(first.steps[0].completedAt == noon.advanced(byMilliseconds: 500))
            #expect(first.steps[1].state == .enqueued)
            #expect(first.steps[1].totalAttempts == 1)
            #expect(
                try await store.timings(since: noon, limit: 1).map(\.createdAt) == [noon.advanced(byMilliseconds: 10)])
            #expect(try await store.timings(since: noon.advanced(byMilliseconds: 11), limit: 9).isEmpty)
        }
    }
}
