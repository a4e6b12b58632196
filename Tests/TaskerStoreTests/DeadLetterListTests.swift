import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

/// Filters, order and figures of dead-letter entries.
@Suite struct DeadLetterListTests {
    /// One entry per reason, of two namespaces, a minute apart; every third is resolved after two minutes.
    private func fill(_ store: any Store) async throws -> [StoredDeadLetter] {
        let epoch = try await store.acquire()
        var rows: [StoredDeadLetter] = []
        for number in 0..<14 {
            let plan = WorkflowPlan.order(namespace: number % 2 == 0 ? "shop" : "depot")
            let task = try await store.create(.test(number, plan: plan), epoch: epoch)
            let created = noon.advanced(byMilliseconds: Int64(number) * 60_000)
            var entry = DeadLetterEntry.test(number, of: task, at: created)
            if number % 3 == 0 {
                entry.resolution = .manuallyResolved
                entry.resolvedAt = created.advanced(byMilliseconds: 120_000)
            }
            try await store.commit(CommitBatch([TaskChange(task: task, deadLetters: [.made(entry)])]), epoch: epoch)
            rows.append(
                StoredDeadLetter(
                    entry: entry, namespace: plan.template.namespace, taskName: "order", taskState: task.state,
                    taskUpdatedAt: task.updatedAt, taskCreatedAt: task.header.createdAt,
                    requestedAt: task.header.requestedAt, correlationID: task.header.correlationID,
                    priority: task.header.priority))
        }
        return rows
    }

    @Test(arguments: StoreKind.allCases)
    func filters(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let newest = Array(try await fill(store).reversed())
            let poison = DeadLetterFilter(reason: .poison)
            #expect(
                try await store.deadLetters(poison, limit: 9, offset: 0) == newest.filter { $0.entry.reason == .poison }
            )
            let depot = DeadLetterFilter(resolution: .pending, namespace: "depot")
            var pending: [StoredDeadLetter] = []
            for row in newest where row.namespace == "depot" && row.entry.resolution == .pending { pending.append(row) }
            #expect(pending.count > 2)
            #expect(try await store.deadLetters(depot, limit: 99, offset: 0) == pending)
            #expect(try await store.deadLetters(depot, limit: 2, offset: 1) == Array(pending[1...2]))
            #expect(try await store.deadLetters(.init(namespace: "nowhere"), limit: 9, offset: 0).isEmpty)
            for row in newest {
                #expect(try await store.deadLetter(row.entry.id) == row)
                #expect(try await store.newestDeadLetter(of: row.entry.taskID) == row)
            }
            var ids = SeededIDSource(seed: 4711)
            #expect(try await store.deadLetter(ids.nextID(at: noon)) == nil)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func mostUrgentFirst(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let rows = try await fill(store)
            let now = noon.advanced(byMilliseconds: 3_600_000)
            func score(_ row: StoredDeadLetter) -> Int64 {
                Int64(row.entry.reason.investigationBase) * 60_000 + now.millisecondsSince(row.entry.createdAt)
            }
            let wanted = rows.filter { $0.entry.resolution == .pending }.sorted { score($0) > score($1) }
            let filter = DeadLetterFilter(resolution: .pending, order: .mostUrgentFirst)
            #expect(try await store.deadLetters(filter, limit: 99, offset: 0) == wanted)
            #expect(try await store.deadLetters(filter, limit: 3, offset: 2) == Array(wanted[2...4]))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func statistics(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            #expect(try await store.deadLetterStatistics().isEmpty)
            let entries = try await fill(store).map(\.entry)
            let figures = try await store.deadLetterStatistics()
            #expect(figures.map(\.reason.rawValue) == DeadLetterReason.allCases.map(\.rawValue).sorted())
            for figure in figures {
                let mine = entries.filter { $0.reason == figure.reason }
                #expect(figure.counts.values.reduce(0, +) == mine.count)
                #expect(figure.counts[.manuallyResolved] ?? 0 == mine.count { $0.resolution == .manuallyResolved })
                #expect(figure.oldest == mine.map(\.createdAt).min())
                #expect(figure.newest == mine.map(\.createdAt).max())
                let isResolved = mine.contains { $0.resolvedAt != nil }
                #expect(figure.averageResolution == (isResolved ? .milliseconds(120_000) : nil))
            }
        }
    }
}
