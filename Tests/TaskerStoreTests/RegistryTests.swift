import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

/// Outbox, templates, routes, dead letters, history.
@Suite struct RegistryTests {
    @Test(arguments: StoreKind.allCases)
    func outbox(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            var batch = CommitBatch(at: noon)
            batch.outbox = (1...5).map(OutboxMessage.test)
            batch.outboxDone = [2]
            try await store.commit(batch, epoch: epoch)
            let kept = [1, 3, 4, 5].map { OutboxMessage.test($0) }
            #expect(try await store.outbox(after: 0, limit: 100) == kept)
            #expect(try await store.outbox(after: 0, limit: 2) == Array(kept[..<2]))
            #expect(try await store.outbox(after: 3, limit: 1) == [kept[2]])
            #expect(try await store.outbox(after: 5, limit: 1).isEmpty)

            var done = CommitBatch(at: noon)
            done.outboxDone = [1, 3, 4, 77]
            try await store.commit(done, epoch: epoch)
            #expect(try await store.outbox(after: 0, limit: 100) == [kept[3]])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func templates(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            var batch = CommitBatch(at: noon)
            batch.templates = [
                .test(revision: 1), .test(version: "1.1.0", revision: 1), .test(namespace: "depot", revision: 1),
                .test(revision: 2),
            ]
            try await store.commit(batch, epoch: epoch)
            var next = CommitBatch(at: noon)
            next.templates = [.test(version: "1.1.0", revision: 2), .test(version: "1.1.0", revision: 3)]
            try await store.commit(next, epoch: epoch)
            #expect(
                try await store.templates() == [
                    .test(namespace: "depot", revision: 1), .test(revision: 2), .test(version: "1.1.0", revision: 3),
                ])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func routingTable(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            #expect(try await store.routingTable() == RoutingTable())
            var batch = CommitBatch(at: noon)
            batch.routing = .test
            try await store.commit(batch, epoch: epoch)
            #expect(try await store.routingTable() == .test)
            try await store.commit(CommitBatch(at: noon), epoch: epoch)
            #expect(try await store.routingTable() == .test)
            batch.routing = RoutingTable()
            try await store.commit(batch, epoch: epoch)
            #expect(try await store.routingTable() == RoutingTable())
        }
    }

    @Test(arguments: StoreKind.allCases)
    func deadLetters(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            var entries: [DeadLetterEntry] = []
            for number in 1...5 {
                let created = noon.advanced(byMilliseconds: Int64(number % 3))
                let task = try await store.create(.test(number, plan: plan), epoch: epoch)
                var entry = DeadLetterEntry.test(number, of: task, at: created)
                try await store.commit(CommitBatch([TaskChange(task: task, deadLetters: [.made(entry)])]), epoch: epoch)
                if number > 3 {
                    let failed = DeadLetterChange.failed(entry.id, number: entry.failures.count, entry.failures[0])
                    entry.failures.append(entry.failures[0])
                    entry.resolution = .manuallyResolved
                    entry.resolvedAt = noon
                    entry.resolvedBy = "anna"
                    entry.notes = "paid by hand\n\"really\""
                    let change = TaskChange(task: task, deadLetters: [failed, .changed(entry)])
                    try await store.commit(CommitBatch([change]), epoch: epoch)
                }
                entries.append(entry)
                #expect(try await store.deadLetter(of: task.id) == entry)
                let loaded = try #require(try await store.task(task.id, plans: PlanBook(plan))).task
                #expect(loaded.deadLetter == (number > 3 ? nil : entry))
            }
            // By time, then by order of making.
            let newest = [5, 2, 4, 1, 3].map { entries[$0 - 1] }
            #expect(try await store.deadLetters(resolution: nil, limit: 100, offset: 0) == newest)
            #expect(try await store.deadLetters(resolution: nil, limit: 2, offset: 1) == Array(newest[1...2]))
            let pending = [2, 1, 3].map { entries[$0 - 1] }
            #expect(try await store.deadLetters(resolution: .pending, limit: 9, offset: 0) == pending)
            #expect(try await store.deadLetters(resolution: .cancelled, limit: 9, offset: 0).isEmpty)
            #expect(try await store.deadLetter(of: WorkflowTask.test(77).id) == nil)

            // A second entry of a task, once the first is closed.
            let task = try #require(try await store.task(entries[4].taskID, plans: PlanBook(plan))).task
            let second = DeadLetterEntry.test(50, of: task, at: noon.advanced(byMilliseconds: 60))
            try await store.commit(CommitBatch([TaskChange(task: task, deadLetters: [.made(second)])]), epoch: epoch)
            #expect(try await store.deadLetter(of: task.id) == second)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func historyInPages(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            let task = try await store.create(.test(1), epoch: epoch, started: false)
            let other = try await store.create(.test(2), epoch: epoch, started: false)
            let entries = (1...30).map { JournalEntry.task(from: .pending, to: .initializing, event: "\($0) \"ö\"\n") }
            // Commits of one, two, three ... entries.
            var rest = entries[...]
            var size = 1
            while !rest.isEmpty {
                let at = noon.advanced(byMilliseconds: Int64(size))
                let change = TaskChange(task: task, journal: Array(rest.prefix(size)))
                let noise = TaskChange(task: other, journal: [entries[0]])
                try await store.commit(CommitBatch(at: at, [noise, change]), epoch: epoch)
                rest = rest.dropFirst(size)
                size += 1
            }
            for limit in [1, 4, 7, 100] {
                var read: [StoredJournalEntry] = []
                while true {
                    let page = try await store.journal(of: task.id, after: read.last?.sequence ?? 0, limit: limit)
                    if page.isEmpty { break }
                    read += page
                }
                #expect(read.map(\.entry) == entries)
                #expect(read.map(\.at.milliseconds) == read.map(\.at.milliseconds).sorted())
                #expect(read.map(\.sequence) == read.map(\.sequence).sorted())
                #expect(read.allSatisfy { $0.taskID == task.id })
            }
            // Whole commits, the first of them at least; sequences are shared within one.
            let first = try await store.journal(of: task.id, after: 0, limit: 2)
            #expect(first.count == 3)
            #expect(Set(first.map(\.sequence)).count == 2)
            #expect(try await store.journal(of: task.id, after: 0, limit: 0).isEmpty)
            #expect(try await store.journal(of: WorkflowTask.test(3).id, after: 0, limit: 9).isEmpty)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func everyKindOfHistory(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            let task = try await store.create(.test(1), epoch: epoch, started: false)
            var ids = SeededIDSource(seed: 3)
            let dispatch: DispatchID = ids.nextID(at: noon)
            let entries: [JournalEntry] = [
                .task(from: .stepsInProcess, to: .evaluatingResults, event: "StepCompleted"),
                .step(place: 2, from: .inProgress, to: .error, attempt: 3, dispatch: dispatch, detail: "Fehler \"ü\""),
                .step(place: 0, from: .pending, to: .cancelled, attempt: 0, dispatch: nil, detail: nil),
                .audit(
                    AuditRecord(
                        place: 1, disposition: .late, attempt: 2, dispatch: dispatch, status: "failed",
                        fromState: .inProgress, toState: .waitingForRetry, workerID: "w", workerLanguage: "python",
                        executionMilliseconds: 1 << 40, errorType: "x", message: "a\u{1}b", actor: "anna")),
                .audit(
                    AuditRecord(
                        place: 1, disposition: .forged, attempt: 0, dispatch: nil, status: "", fromState: .pending,
                        toState: .pending)),
            ]
            try await store.commit(CommitBatch([TaskChange(task: task, journal: entries)]), epoch: epoch)
            #expect(try await store.journal(of: task.id, after: 0, limit: 10).map(\.entry) == entries)
        }
    }
}

extension DeadLetterEntry {
    static func test(_ number: Int, of task: WorkflowTask, at created: Timestamp) -> DeadLetterEntry {
        var ids = SeededIDSource(seed: UInt64(number) &+ 0x7777)
        let reason = DeadLetterReason.allCases[number % DeadLetterReason.allCases.count]
        return DeadLetterEntry(
            id: ids.nextID(at: created), taskID: task.id, reason: reason, originalState: .waitingForRetry,
            createdAt: created,
            failures: [
                Failure(
                    stepName: "schöner \"Schritt\"", stepID: task.steps[0].id, reason: reason, attempts: number,
                    errorType: "worker_lost", message: "gone\n\u{7}", at: created)
            ])
    }
}
