import TaskerEngine
import TaskerProtocol
import TaskerStore
import TaskerTemplates
import Testing

/// Lists, counts and open steps.
@Suite struct ListTests {
    /// 60 tasks of four templates; times repeat, so that ties occur.
    private func fill(_ store: any Store) async throws -> [WorkflowTask] {
        let epoch = try await store.acquire()
        let plans = [
            WorkflowPlan.order(), .order(version: "2.0.0"), .order(name: "refund"), .order(namespace: "depot"),
        ]
        var tasks: [WorkflowTask] = []
        for number in 0..<60 {
            let created = noon.advanced(byMilliseconds: Int64(number * 37 % 20))
            var header = TaskHeader.test(number, at: created)
            header.priority = [0, 0, 5, -100, 100][number % 5]
            header.initiator = number % 3 == 0 ? "anna" : "api"
            header.sourceSystem = number % 4 == 0 ? "kasse" : "api"
            if number % 6 == 0 { header.tags = ["eilig", "t\(number)"] }
            if number > 0, number % 10 == 0 { header.correlationID = tasks[0].header.correlationID }
            var ids = SeededIDSource(seed: UInt64(number))
            var task = WorkflowTask(header: header, plan: plans[number % 4]) { ids.nextID(at: created) }
            task = try await store.create(task, epoch: epoch, started: number % 7 != 0)
            let later = noon.advanced(byMilliseconds: Int64(100 + number * 13 % 30))
            if number % 5 == 1 {
                try await store.apply(.cancel(reason: "no", actor: "a"), to: &task, at: later, epoch: epoch)
            } else if number % 5 == 2, task.steps[0].dispatch != nil {
                let failure = StepFailure(message: "no", errorType: "PermanentError", isRetryable: false)
                try await store.apply(
                    .result(step: 0, .answer(.failed, to: task, step: 0, error: failure)), to: &task, at: later,
                    epoch: epoch)
            } else if number % 5 == 3 {
                for place in [0, 1, 2, 3] where task.steps[place].dispatch != nil {
                    try await store.apply(
                        .result(step: place, .answer(.completed, to: task, step: place)), to: &task, at: later,
                        epoch: epoch)
                }
            }
            tasks.append(task)
        }
        return tasks
    }

    private static let filters: [(TaskFilter, @Sendable (WorkflowTask) -> Bool)] = [
        (TaskFilter(), { _ in true }),
        (.with { $0.namespace = "shop" }, { $0.plan.template.namespace == "shop" }),
        (.with { $0.namespace = "depot" }, { $0.plan.template.namespace == "depot" }),
        (.with { $0.namespace = "nowhere" }, { _ in false }),
        (.with { $0.name = "order" }, { $0.plan.template.name == "order" }),
        (.with { ($0.name, $0.version) = ("order", "2.0.0") }, { $0.plan.template.version == "2.0.0" }),
        (.with { $0.states = [.complete] }, { $0.state == .complete }),
        (.with { $0.states = [.complete, .cancelled] }, { $0.state == .complete || $0.state == .cancelled }),
        (.with { $0.states = [.pending, .stepsInProcess] }, { $0.state == .pending || $0.state == .stepsInProcess }),
        (
            .with { $0.states = [.blockedByFailures, .complete] },
            { $0.state == .blockedByFailures || $0.state == .complete }
        ),
        (
            .with { ($0.namespace, $0.states) = ("shop", [.stepsInProcess]) },
            { $0.plan.template.namespace == "shop" && $0.state == .stepsInProcess }
        ),
        (.with { $0.initiator = "anna" }, { $0.header.initiator == "anna" }),
        (
            .with { ($0.sourceSystem, $0.states) = ("kasse", [.cancelled]) },
            { $0.header.sourceSystem == "kasse" && $0.state == .cancelled }
        ),
        (.with { $0.tag = "eilig" }, { $0.header.tags.contains("eilig") }),
        (.with { $0.tag = "t12" }, { $0.header.tags.contains("t12") }),
        (.with { $0.correlationID = TaskHeader.test(0).correlationID }, { Self.isOfFirstCorrelation($0) }),
        (
            .with { $0.createdAfter = noon.advanced(byMilliseconds: 7) },
            { $0.header.createdAt >= noon.advanced(byMilliseconds: 7) }
        ),
        (
            .with {
                $0.createdAfter = noon.advanced(byMilliseconds: 3)
                $0.createdBefore = noon.advanced(byMilliseconds: 9)
                $0.name = "order"
            },
            {
                $0.plan.template.name == "order" && $0.header.createdAt >= noon.advanced(byMilliseconds: 3)
                    && $0.header.createdAt < noon.advanced(byMilliseconds: 9)
            }
        ),
    ]

    private static func isOfFirstCorrelation(_ task: WorkflowTask) -> Bool {
        task.header.correlationID == TaskHeader.test(0).correlationID
    }

    @Test(arguments: StoreKind.allCases)
    func filtersOrdersAndPages(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let tasks = try await fill(store)
            for (filter, matches) in Self.filters {
                let matching = tasks.enumerated().filter { matches($0.element) }
                for order in [TaskFilter.Order.newestFirst, .oldestFirst, .priority, .recentlyUpdated] {
                    let expected = matching.sorted { left, right in
                        let (a, b) = (left.element, right.element)
                        let (i, j) = (left.offset, right.offset)
                        switch order {
                        case .newestFirst: return (a.header.createdAt, i) > (b.header.createdAt, j)
                        case .oldestFirst: return (a.header.createdAt, i) < (b.header.createdAt, j)
                        case .priority:
                            return (a.header.priority, a.header.createdAt, i)
                                > (b.header.priority, b.header.createdAt, j)
                        case .recentlyUpdated: return (a.updatedAt, i) > (b.updatedAt, j)
                        }
                    }.map(\.element.id)
                    var query = filter
                    query.order = order
                    var listed: [TaskID] = []
                    for page in 1...9 {
                        let result = try await store.list(query, page: page, perPage: 7)
                        #expect(result.total == expected.count)
                        listed += result.tasks.map(\.header.id)
                    }
                    #expect(listed == expected, "\(query)")
                    #expect(try await store.list(query, page: 100, perPage: 7).tasks.isEmpty)
                }
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func summariesAndCounts(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            #expect(try await store.taskCounts().isEmpty)
            #expect(try await store.openTaskCounts().isEmpty)
            let tasks = try await fill(store)
            for summary in try await store.list(TaskFilter(), page: 1, perPage: 100).tasks {
                let task = try #require(tasks.first { $0.id == summary.header.id })
                let counts = Dictionary(grouping: task.steps, by: \.state).mapValues(\.count)
                #expect(
                    summary
                        == TaskSummary(
                            header: task.header, namespace: task.plan.template.namespace,
                            name: task.plan.template.name, version: task.plan.template.version, state: task.state,
                            revision: task.revision, updatedAt: task.updatedAt, completedAt: task.completedAt,
                            planHash: task.plan.hash, stepCounts: counts, heldSteps: task.heldStepCount))
            }
            #expect(try await store.taskCounts() == Dictionary(grouping: tasks, by: \.state).mapValues(\.count))
            let open = Dictionary(grouping: tasks.filter { !$0.state.isTerminal }, by: \.plan.template.namespace)
            #expect(try await store.openTaskCounts() == open.mapValues(\.count))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func openStepsInPages(_ kind: StoreKind) async throws {
        try await kind.withStore { store in
            let plan = WorkflowPlan.order()
            let epoch = try await store.acquire()
            var expected: [OpenStep] = []
            for number in 1...40 {
                var task = WorkflowTask.test(number, plan: plan)
                try await store.create(task, epoch: epoch, started: false)
                var events = RandomEvents(seed: UInt64(number))
                for _ in 0..<number where !task.state.isTerminal {
                    try await store.commit(CommitBatch([events.change(of: &task)]), epoch: epoch)
                }
                guard !task.state.isTerminal else { continue }
                expected += task.steps.filter { $0.record.isOpen }.map { step in
                    let callable = plan.nodes[step.place].template.handler.callable
                    return OpenStep(record: step.record, row: 0, taskID: task.id, namespace: "shop", callable: callable)
                }
            }
            // One that nobody can take.
            var held = WorkflowTask.test(41, plan: plan)
            var context = EngineContext.test(seed: 41)
            context.routing = TestRouting(unrouted: ["Validate"])
            let effects = held.apply(.start, in: &context)
            try await store.commit(CommitBatch([TaskChange(held, effects, birth: TaskBirth())]), epoch: epoch)
            expected.append(
                OpenStep(
                    record: held.steps[0].record, row: 0, taskID: held.id, namespace: "shop", callable: "Validate"))

            #expect(expected.count > 20)
            for state in [StepState.enqueued, .inProgress, .waitingForRetry] {
                #expect(expected.contains { $0.state == state })
            }
            #expect(expected.contains { $0.hold != nil })
            #expect(expected.contains { $0.resendAt != nil })
            for limit in [1, 7, 1000] {
                var read: [OpenStep] = []
                while true {
                    let page = try await store.openSteps(after: read.last?.row ?? 0, limit: limit)
                    #expect(page.count <= limit)
                    if page.isEmpty { break }
                    read += page
                }
                #expect(read.map(\.row) == read.map(\.row).sorted())
                #expect(
                    read.map { step in
                        var copy = step
                        copy.row = 0
                        return copy
                    } == expected)
            }
        }
    }
}

extension TaskFilter {
    static func with(_ change: (inout TaskFilter) -> Void) -> TaskFilter {
        var filter = TaskFilter()
        change(&filter)
        return filter
    }
}
