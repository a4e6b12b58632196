import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

/// One batch is one transaction, from one owner.
@Suite struct CommitTests {
    @Test(arguments: StoreKind.allCases)
    func aBatchThatFailsLeavesNothing(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            let identity = TaskIdentity(namespace: "shop", name: "order", key: "key:1")
            var existing = try await store.create(.test(1, plan: plan), identity: identity, epoch: epoch)
            let before = existing

            var context = EngineContext.test(seed: 5)
            let change = TaskChange(
                existing,
                existing.apply(.result(step: 0, .answer(.completed, to: existing, step: 0, result: 1)), in: &context))
            var batch = CommitBatch(at: noon)
            batch.tasks = [
                TaskChange(task: existing, changedSteps: change.changedSteps, journal: change.journal),
                TaskChange(task: .test(2, plan: .order(name: "other")), birth: TaskBirth()),
                TaskChange(task: .test(3, plan: plan), birth: TaskBirth(identity: identity)),
            ]
            batch.outbox = [.test(1)]
            batch.templates = [.test(revision: 1)]
            batch.routing = .test
            let error = await #expect(throws: StoreError.self) { try await store.commit(batch, epoch: epoch) }
            #expect(error?.code == .identityTaken)
            #expect(error?.description.contains("key:1") == true)

            let loaded = try #require(try await store.task(before.id, plans: PlanBook(plan)))
            #expect(loaded.task.difference(from: before) == nil)
            #expect(try await store.list(TaskFilter(), page: 1, perPage: 10).total == 1)
            #expect(try await store.resolvedTemplate(hash: WorkflowPlan.order(name: "other").hash) == nil)
            #expect(try await store.outbox(after: 0, limit: 10).isEmpty)
            #expect(try await store.templates().isEmpty)
            #expect(try await store.routingTable() == RoutingTable())
            let sequences = try await store.journal(of: before.id, after: 0, limit: 100).map(\.sequence)
            #expect(Set(sequences) == [1])

            // The next commit works as if nothing had been, new plan and all.
            batch.tasks.removeLast()
            try await store.commit(batch, epoch: epoch)
            #expect(try await store.list(TaskFilter(), page: 1, perPage: 10).total == 2)
            #expect(try await store.resolvedTemplate(hash: WorkflowPlan.order(name: "other").hash) != nil)
            let again = try await store.journal(of: before.id, after: 1, limit: 100).map(\.sequence)
            #expect(Set(again) == [2])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func anIdentityIsTakenOnce(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            let identity = TaskIdentity(namespace: "shop", name: "order", key: "strict:abc")
            let task = try await store.create(.test(1, plan: plan), identity: identity, epoch: epoch)
            let found = try #require(try await store.identity(identity))
            #expect(found.task == task.id)
            #expect(found.requestHash == "hash of \(task.id)")

            // The same words mean something else elsewhere.
            for other in [
                TaskIdentity(namespace: "shop", name: "refund", key: "strict:abc"),
                TaskIdentity(namespace: "depot", name: "order", key: "strict:abc"),
                TaskIdentity(namespace: "shop", name: "order", key: "key:abc"),
            ] {
                #expect(try await store.identity(other) == nil)
            }
            try await store.create(
                .test(2, plan: plan), identity: TaskIdentity(namespace: "depot", name: "order", key: "strict:abc"),
                epoch: epoch)

            // Within one batch as well.
            let twice = TaskIdentity(namespace: "shop", name: "order", key: "key:twice")
            let batch = CommitBatch([
                TaskChange(task: .test(3, plan: plan), birth: TaskBirth(identity: twice)),
                TaskChange(task: .test(4, plan: plan), birth: TaskBirth(identity: twice)),
            ])
            let error = await #expect(throws: StoreError.self) { try await store.commit(batch, epoch: epoch) }
            #expect(error?.code == .identityTaken)
            #expect(try await store.identity(twice) == nil)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aSupersededOwnerCommitsNoMore(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let first = try await store.acquire(partition: 3, owner: "first", at: noon)
            let other = try await store.acquire(partition: 4, owner: "first", at: noon)
            let task = try await store.create(.test(1), epoch: first)
            let second = try await store.acquire(partition: 3, owner: "second", at: noon)
            #expect(second.value > first.value)

            let change = CommitBatch([TaskChange(task: task, changedSteps: [0], journal: [])])
            let error = await #expect(throws: StoreError.self) { try await store.commit(change, epoch: first) }
            #expect(error?.code == .fenced)
            #expect(error?.description.contains("\"second\"") == true)
            await #expect(throws: StoreError.self) {
                try await store.commit(change, epoch: OwnershipEpoch(partition: 9, value: 1))
            }
            // An empty batch as well: a relay must learn that it is no longer the owner.
            await #expect(throws: StoreError.self) { try await store.commit(CommitBatch(at: noon), epoch: first) }
            try await store.commit(change, epoch: second)
            try await store.commit(CommitBatch(at: noon), epoch: other)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func tasksAreBornOnce(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            let task = try await store.create(.test(1), epoch: epoch)
            for batch in [
                CommitBatch([TaskChange(task: task, birth: TaskBirth())]),
                CommitBatch([TaskChange(task: .test(2), changedSteps: [0])]),
            ] {
                let error = await #expect(throws: StoreError.self) { try await store.commit(batch, epoch: epoch) }
                #expect(error?.code == .unexpected)
                #expect(error?.description.contains("\(batch.tasks[0].task.id)") == true)
            }
            #expect(try await store.list(TaskFilter(), page: 1, perPage: 10).total == 1)
        }
    }

    /// A batch may hold a task twice: once born, once changed.
    @Test(arguments: StoreKind.allCases)
    func aTaskTwiceInABatch(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            var task = WorkflowTask.test(1)
            var context = EngineContext.test()
            let birth = TaskChange(task, task.apply(.start, in: &context), birth: TaskBirth())
            var born = birth
            born.task = task
            let message = StepResultMessage.answer(.completed, to: task, step: 0, result: "done")
            let effects = task.apply(.result(step: 0, message), in: &context)
            let change = TaskChange(task, effects)
            try await store.commit(CommitBatch([born, change]), epoch: epoch)
            let loaded = try #require(try await store.task(task.id, plans: PlanBook(.order())))
            #expect(loaded.task.difference(from: task) == nil)
            let entries = try await store.journal(of: task.id, after: 0, limit: 100)
            #expect(entries.map(\.entry) == born.journal + change.journal)
        }
    }

    /// Only the named steps are written, whatever else the snapshot holds.
    @Test(arguments: StoreKind.allCases)
    func onlyChangedStepsAreWritten(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            var task = try await store.create(.test(1, plan: plan), epoch: epoch)
            let before = task
            var context = EngineContext.test(seed: 8)
            _ = task.apply(.result(step: 0, .answer(.completed, to: task, step: 0, result: 1)), in: &context)
            try await store.commit(CommitBatch([TaskChange(task: task, changedSteps: [0, 1])]), epoch: epoch)
            let loaded = try #require(try await store.task(task.id, plans: PlanBook(plan))).task
            #expect(Array(loaded.recordLines[0...1]) == Array(task.recordLines[0...1]))
            #expect(Array(loaded.recordLines[2...]) == Array(before.recordLines[2...]))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func aClosedStoreSaysSo(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            try await store.checkWritable()
            await store.close()
            let calls: [@Sendable () async throws -> Void] = [
                { try await store.commit(CommitBatch(at: noon), epoch: epoch) },
                { _ = try await store.acquire() },
                { try await store.checkWritable() },
                { _ = try await store.templates() },
                { _ = try await store.task(WorkflowTask.test(1).id, plans: PlanBook()) },
            ]
            for call in calls {
                let error = await #expect(throws: StoreError.self) { try await call() }
                #expect(error?.code == .unavailable)
            }
            await store.close()
        }
    }
}

extension OutboxMessage {
    static func test(_ id: Int64) -> OutboxMessage {
        OutboxMessage(
            id: id, exchange: "tasker.control", routingKey: "broadcast.größe", type: "step.cancel",
            correlationID: id % 2 == 0 ? nil : "c-\(id)", body: RawJSON(["n": .integer(id)] as JSONValue),
            isTransient: id % 3 == 0)
    }
}

extension TemplateRevision {
    static func test(
        namespace: String = "shop", name: String = "order", version: String = "1.0.0", revision: Int
    ) -> TemplateRevision {
        TemplateRevision(
            namespace: namespace, name: name, version: version, revision: revision,
            hash: "\(namespace) \(name) \(version) \(revision)",
            canonical: RawJSON(["revision": .integer(Int64(revision))] as JSONValue),
            registeredAt: noon.advanced(byMilliseconds: Int64(revision)))
    }
}

extension RoutingTable {
    static let test = RoutingTable(
        announced: [
            Handler(namespace: "shop", callable: "Zahlung::\"prüfen\""): [
                Announcement(queue: "swift", firstAt: noon, lastAt: noon.advanced(byMilliseconds: 5)),
                Announcement(queue: "python", firstAt: noon, lastAt: noon),
            ],
            Handler(namespace: "shop", callable: nil): [],
        ],
        inUse: [Handler(namespace: "shop", callable: "Zahlung::\"prüfen\""): "python"],
        operatorRoutes: [
            Handler(namespace: "depot", callable: "Pack"): [
                WeightedQueue(queue: "b", weight: 90), WeightedQueue(queue: "a", weight: 10),
            ]
        ])
}
