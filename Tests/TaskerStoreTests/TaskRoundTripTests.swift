import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

/// What is loaded is what was committed.
@Suite struct TaskRoundTripTests {
    @Test(arguments: StoreKind.allCases)
    func everyFieldOfANewTask(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            var ids = SeededIDSource(seed: 7)
            let task = WorkflowTask(header: .full(1), plan: plan) { ids.nextID(at: noon) }
            try await store.create(task, epoch: epoch, started: false)
            let loaded = try #require(try await store.task(task.id, plans: PlanBook(plan)))
            #expect(loaded.task.difference(from: task) == nil)
            #expect(loaded.task.header == task.header)
            #expect(loaded.planHash == plan.hash)
        }
    }

    /// After every event the loaded task equals the live one.
    @Test(arguments: StoreKind.allCases, UInt64(1)...24)
    func equalsTheLiveTaskAfterEveryEvent(_ kind: StoreKind, _ seed: UInt64) async throws {
        let book = PlanBook(.order())
        try await kind.withStore { store in
            let epoch = try await store.acquire()
            var task = WorkflowTask.test(1, plan: book.first)
            try await store.create(task, epoch: epoch, started: false)
            var events = RandomEvents(seed: seed)
            var history: [JournalEntry] = []
            var newest: DeadLetterEntry?
            for _ in 0..<120 where !task.state.isTerminal {
                let change = events.change(of: &task)
                history += change.journal
                if !change.deadLetters.isEmpty { newest = task.deadLetter }
                try await store.commit(CommitBatch([change]), epoch: epoch)
                let loaded = try #require(try await store.task(task.id, plans: book)).task
                #expect(loaded.difference(from: task) == nil)
            }
            #expect(try await store.journal(of: task.id, after: 0, limit: .max).map(\.entry) == history)
            #expect(try await store.deadLetter(of: task.id) == newest)
        }
    }

    /// An orchestrator that dies between any two events and loads the task anew writes the same history and ends with
    /// the same rows as one that never dies.
    @Test(arguments: StoreKind.allCases, UInt64(1)...24)
    func crashEquivalence(_ kind: StoreKind, _ seed: UInt64) async throws {
        let book = PlanBook(.order())
        var undisturbed = WorkflowTask.test(1, plan: book.first)
        var events = RandomEvents(seed: seed)
        var history: [JournalEntry] = []
        for _ in 0..<120 where !undisturbed.state.isTerminal {
            history += events.change(of: &undisturbed).journal
        }

        try await kind.withStore { store in
            let epoch = try await store.acquire()
            var task = WorkflowTask.test(1, plan: book.first)
            try await store.create(task, epoch: epoch, started: false)
            var events = RandomEvents(seed: seed)
            for _ in 0..<120 where !task.state.isTerminal {
                task = try #require(try await store.task(task.id, plans: book)).task
                events.restart(&task)
                try await store.commit(CommitBatch([events.change(of: &task)]), epoch: epoch)
            }
            #expect(try await store.journal(of: task.id, after: 0, limit: .max).map(\.entry) == history)
            #expect(task.recordLines == undisturbed.recordLines)
            #expect(task.state == undisturbed.state)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func severalAtOnce(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            var made: [WorkflowTask] = []
            for number in 1...600 { made.append(try await store.create(.test(number, plan: plan), epoch: epoch)) }
            let unknown = WorkflowTask.test(9999, plan: plan).id
            let ids = made.reversed().map(\.id)
            let loaded = try await store.tasks([unknown] + ids, plans: PlanBook(plan))
            #expect(loaded.map(\.task.id) == ids)
            for (loaded, task) in zip(loaded, made.reversed()) { #expect(loaded.task.difference(from: task) == nil) }
            #expect(try await store.task(unknown, plans: PlanBook(plan)) == nil)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func plansAreFetchedByHash(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            let task = try await store.create(.test(1, plan: plan), epoch: epoch)
            let canonical = RawJSON(plan.template.canonicalJSON)
            let error = await #expect(throws: PlanBook.UnknownPlan.self) {
                try await store.task(task.id, plans: PlanBook())
            }
            #expect(error?.hash == plan.hash)
            #expect(error?.canonical == canonical)
            #expect(try await store.resolvedTemplate(hash: plan.hash) == canonical)
            #expect(try await store.resolvedTemplate(hash: "nothing") == nil)
        }
    }

    /// A new process has nothing but what is stored.
    @Test(arguments: StoreKind.allCases)
    func aPlanIsBuiltAgainFromItsCanonicalJSON(_ kind: StoreKind) async throws {
        struct Compiler: PlanSource {
            func plan(hash: String, canonical: () throws -> RawJSON) throws -> WorkflowPlan {
                let template = try TaskTemplate(canonicalJSON: canonical().value)
                #expect(template.hash == hash)
                return WorkflowPlan(template: template, hash: template.hash)
            }
        }
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            let task = try await store.create(.test(1, plan: plan), epoch: epoch)
            let loaded = try #require(try await store.task(task.id, plans: Compiler())).task
            #expect(loaded.difference(from: task) == nil)
            #expect(loaded.plan.template == plan.template)
        }
    }

    /// A payload that comes, grows, shrinks and stays.
    @Test(arguments: StoreKind.allCases)
    func checkpointsOfAnySize(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            var task = try await store.create(.test(1, plan: plan), epoch: epoch)
            for size in [1, 300_000, 300_000, 20, 70_000] {
                let checkpoint: JSONValue = ["cursor": .string(String(repeating: "é", count: size))]
                try await store.apply(
                    .result(step: 0, .answer(.checkpoint, to: task, step: 0, checkpoint: checkpoint)), to: &task,
                    epoch: epoch)
                let dispatch = try #require(task.steps[0].dispatch?.id)
                try await store.apply(.publishing(step: 0, dispatch, .confirmed), to: &task, epoch: epoch)
                let loaded = try #require(try await store.task(task.id, plans: PlanBook(plan))).task
                #expect(loaded.difference(from: task) == nil)
            }
        }
    }
}
