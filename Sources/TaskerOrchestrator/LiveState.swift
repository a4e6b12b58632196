import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// What only the running orchestrator knows, at one moment.
public struct LiveState: Sendable {
    public struct Route: Sendable {
        public enum Source: String, Sendable {
            case template, `operator`, announced, any, none
        }

        public var namespace: String
        public var callable: String
        public var source: Source
        public var queues: [Queue]
        /// Ready steps that wait for a worker to announce the handler.
        public var waitingSteps: Int
        /// For a handler nobody has announced: names that are.
        public var nearest: [String]

        public struct Queue: Sendable {
            public var queue: String
            public var weight: Int
            public var liveWorkers: Int
            public var languages: [String]
        }
    }

    public struct Queue: Sendable {
        public var queue: String
        /// Steps dispatched to it and not yet answered.
        public var dispatched: Int
        /// Of those, how many a worker has reported as started.
        public var started: Int
        public var oldestAt: Timestamp?
        public var liveWorkers: Int
        public var handlers: [String]
        public var fault: String?
        /// Messages whose first sign of life came within the last minute.
        public var startsPerMinute: Int
    }

    public var at: Timestamp
    public var broker: BrokerState
    /// Results are being read, so silence counts.
    public var isReading: Bool
    public var workers: [WorkerInfo]
    public var routes: [Route]
    public var queues: [Queue]
    public var cachedTasks: Int
    public var openSteps: Int
    public var parkedDispatches: Int
    public var publishesInFlight: Int
    /// The store refuses commits; inputs wait.
    public var isStoreFailing: Bool
    /// Messages that the broker has not confirmed.
    public var outboxDepth: Int
    public var outboxOldestAt: Timestamp?
    /// Unfinished tasks by namespace.
    public var openTasks: [String: Int]
    public var timers: Int
    public var metrics: OrchestratorMetrics
}

extension Coordinator {
    func snapshot() -> LiveState {
        LiveState(
            at: now, broker: brokerState, isReading: isReading,
            workers: workers.workers.values.sorted { $0.firstSeenAt < $1.firstSeenAt }, routes: liveRoutes(),
            queues: liveQueues(), cachedTasks: cache.count, openSteps: open.count, parkedDispatches: parked.count,
            publishesInFlight: dispatchesInFlight, isStoreFailing: deferredUntil != nil,
            outboxDepth: outboxDepth, outboxOldestAt: outboxOldestAt,
            openTasks: openTasks.filter { $0.value > 0 }, timers: timers.count, metrics: metrics)
    }

    private var outboxOldestAt: Timestamp? {
        open.values.reduce(parkedSince) { oldest, info in
            guard info.publication == .begun, let begun = info.begunAt else { return oldest }
            return min(oldest ?? begun, begun)
        }
    }

    func locate(_ steps: [StepID]) -> [StepID: TaskID] {
        Dictionary(steps.compactMap { step in open[step].map { (step, $0.task) } }, uniquingKeysWith: { $1 })
    }

    private func liveRoutes() -> [LiveState.Route] {
        var handlers = Set(routes.table.announced.keys).union(routes.table.operatorRoutes.keys)
        handlers.formUnion(heldByRoute.keys)
        // Queues that templates name; nil among them: a step that names none.
        var declared: [RoutingTable.Handler: Set<String?>] = [:]
        for entry in templates.all {
            for step in entry.template.steps {
                let handler = RoutingTable.Handler(
                    namespace: entry.template.namespace, callable: step.handler.callable)
                handlers.insert(handler)
                declared[handler, default: []].insert(step.handler.queue)
            }
        }
        return handlers.map { liveRoute($0, declared: declared[$0] ?? []) }
            .sorted { ($0.namespace, $0.callable) < ($1.namespace, $1.callable) }
    }

    private func liveRoute(_ handler: RoutingTable.Handler, declared: Set<String?>) -> LiveState.Route {
        let source: LiveState.Route.Source
        var queues: [(String, Int)] = []
        if !declared.isEmpty, !declared.contains(nil) {
            // Where every step names its queue nothing else is asked.
            source = .template
            queues = declared.compactMap(\.self).sorted().map { ($0, 100) }
        } else if let weighted = routes.table.operatorRoutes[handler] {
            source = .operator
            queues = weighted.map { ($0.queue, $0.weight) }
        } else if let queue = routes.table.inUse[handler] {
            source = .announced
            queues = [(queue, 100)]
        } else if let queue = routes.table.inUse[RoutingTable.Handler(namespace: handler.namespace, callable: nil)] {
            source = .any
            queues = [(queue, 100)]
        } else {
            source = .none
        }
        let live = workers.workers.values.filter { $0.isLive && $0.serves(handler) }
        let waiting = (heldByRoute[handler] ?? []).reduce(0) { $0 + heldSteps(of: $1, handler) }
        let nearest =
            source == .none
            ? routes.announcedCallables(namespace: handler.namespace)
                .sorted { editDistance($0, handler.callable ?? "") < editDistance($1, handler.callable ?? "") }.prefix(
                    3)
            : []
        return LiveState.Route(
            namespace: handler.namespace, callable: handler.callable ?? "*", source: source,
            queues: queues.map { queue, weight in
                let here = live.filter { $0.announcement.queues.contains(queue) }
                return LiveState.Route.Queue(
                    queue: queue, weight: weight, liveWorkers: here.count,
                    languages: Set(here.map(\.announcement.worker.language)).sorted())
            }, waitingSteps: waiting, nearest: Array(nearest))
    }

    /// Steps of a task that wait for a handler; of one that is not in memory it is known that there is one.
    private func heldSteps(of id: TaskID, _ handler: RoutingTable.Handler) -> Int {
        guard let task = cache[id]?.task else { return 1 }
        return task.steps.count { step in
            step.hold == .noRoute && task.plan.nodes[step.node].template.handler.callable == handler.callable
        }
    }

    private func liveQueues() -> [LiveState.Queue] {
        var queues: [String: LiveState.Queue] = [:]
        func touch(_ name: String, _ change: (inout LiveState.Queue) -> Void) {
            var queue =
                queues[name]
                ?? LiveState.Queue(
                    queue: name, dispatched: 0, started: 0, oldestAt: nil, liveWorkers: 0, handlers: [],
                    fault: queueFaults[name], startsPerMinute: starts[name]?.perMinute(at: now) ?? 0)
            change(&queue)
            queues[name] = queue
        }
        for info in open.values {
            guard let name = info.queue, info.dispatch != nil else { continue }
            touch(name) { queue in
                queue.dispatched += 1
                if info.isStarted { queue.started += 1 }
                if let begun = info.begunAt, !info.wasSeen { queue.oldestAt = min(queue.oldestAt ?? begun, begun) }
            }
        }
        for worker in workers.workers.values where worker.isLive {
            for name in worker.announcement.queues { touch(name) { $0.liveWorkers += 1 } }
        }
        for (handler, announcements) in routes.table.announced {
            for announcement in announcements {
                touch(announcement.queue) { $0.handlers.append(handler.callable ?? "*") }
            }
        }
        for name in queueFaults.keys { touch(name) { _ in } }
        return queues.values.map { queue in
            var queue = queue
            queue.handlers = Set(queue.handlers).sorted()
            return queue
        }.sorted { $0.queue < $1.queue }
    }
}
