import Logging
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

/// The heart of the orchestrator: takes what has arrived, applies it to the tasks, commits once, and only then lets
/// anything leave.
///
/// It is confined to one task of its caller and has no thread, clock or socket of its own, so that a test can drive it
/// input by input and stop it between any two operations. Order of every round: load, apply, **commit, publish, ack**.
public final class Coordinator {
    let store: any Store
    let broker: any Broker
    let settings: OrchestratorSettings
    let plans: PlanCache
    let log: Logger
    let composer: DispatchComposer
    /// Distinguishes this process's markers from those of an earlier one.
    let instance: UUIDValue
    /// Where outcomes of publishes go: back into the caller's queue of inputs.
    let completion: @Sendable ([PublishResult]) -> Void
    /// Declares a fleet's queue; called when a message for it came back, and before the first one leaves.
    let declareQueue: @Sendable (String) -> Void

    /// Where committed events go.
    public var feed: EventFeed?
    /// Told after each commit which tasks changed.
    public var onCommit: @Sendable ([(TaskID, TaskState)]) -> Void = { _ in }

    var ids: any IDSource
    var now: Timestamp
    var epoch = OwnershipEpoch(partition: 0, value: 0)

    // What is known.
    var cache: [TaskID: CachedTask] = [:]
    var useCounter: UInt64 = 0
    var open: [StepID: OpenStepInfo] = [:]
    var timers = TimerHeap()
    var templates: TemplateRegistry
    var routes: RouteTable
    var workers: WorkerRegistry
    var publishSequence: Int64 = 0
    var suspects: [String: Set<StepID>] = [:]
    var heldByRoute: [RoutingTable.Handler: Set<TaskID>] = [:]
    var heldByQuarantine: [String: Set<TaskID>] = [:]
    /// Per queue, the newest publish that has shown a start or an answer.
    var newestSeen: [String: Int64] = [:]
    var openTasks: [String: Int] = [:]
    /// A round that counted some was not committed.
    var openTasksAreStale = false
    var queueFaults: [String: String] = [:]
    /// Step queues that were declared once since the start, so that one with other arguments is noticed.
    var declaredQueues: Set<String> = []

    // What this round changes.
    var changes: [TaskID: TaskChangeDraft] = [:]
    var changeOrder: [TaskID] = []
    var mustCommit = false
    var softSince: Timestamp?
    var routingChanged = false
    var routesMayMove = false
    var newOutbox: [OutboxMessage] = []
    var doneOutbox: [Int64] = []
    var newTemplates: [TemplateRevision] = []
    var pendingIdentities: [TaskIdentity: (task: TaskID, requestHash: String)] = [:]
    var afterCommit = AfterCommit()
    /// Timers of this round: set again when it cannot be committed.
    var poppedTimers: [TimerEntry] = []

    // What waits.
    var deferred: [Input] = []
    var deferredUntil: Timestamp?
    var staleTasks: Set<TaskID> = []
    var followUps = FollowUps()
    var parked: ParkedDispatches = ParkedDispatches()
    var publishing: [UInt64: Publishing] = [:]
    var nextToken: UInt64 = 0
    var dispatchesInFlight = 0
    var outboxWaiting: [OutboxMessage] = []
    var nextOutboxID: Int64 = 1
    var unroutable: [(due: Timestamp, message: OutgoingMessage, what: Publishing)] = []
    /// Returned step messages: published again once their queue is there.
    var unroutableDispatches: [(due: Timestamp, task: TaskID, step: StepID)] = []
    /// Tasks that ended lately, oldest first.
    var finished: [TaskID] = []
    var recentCancels: [(at: Timestamp, notice: OutboxMessage, dispatch: DispatchID)] = []
    /// For "did you hear this" at a hello.
    static let rememberedCancels = 10_000

    /// What a round that could not be committed has to find as it was when its inputs are taken again.
    var beforeRound = RoundMemory()

    // Limits of lifecycles.
    var staleness = StalenessWatch()
    /// Counted since the start: remarks of the engine, by kind.
    var remarks = RemarkCounts()

    // Figures and events.
    var metrics = OrchestratorMetrics()
    var tasksEnded = RateMeter()
    var stepsAnswered = RateMeter()
    var messagesConfirmed = RateMeter()
    /// Per queue: first signs of life of its messages.
    var starts: [String: RateMeter] = [:]
    var nextEvent: Int64 = 1
    var newNotices: [JournalEntry] = []
    /// Since when dispatches wait for the broker, nil when none does.
    var parkedSince: Timestamp?
    var roundStart = ContinuousClock.now
    var resultsInRound = 0

    // Connection and silence.
    var brokerState = BrokerState.disconnected(reason: "not connected yet")
    var isConsuming = false
    var isReading = false
    var markerNumber: Int64 = 0
    var markers: [Int64: Marker] = [:]
    var silentTimers: [TimerEntry] = []
    var silentLosses: [(StepID, DispatchID)] = []
    var nextLostCheck: Timestamp?
    var queuesToInspect: Set<String> = []

    #if DEBUG
    /// Only tests plant any.
    var mutations: CoordinatorMutations = []
    #endif

    public init(
        store: any Store, broker: any Broker, settings: OrchestratorSettings, plans: PlanCache = PlanCache(),
        ids: any IDSource, now: Timestamp, log: Logger, completion: @escaping @Sendable ([PublishResult]) -> Void,
        declareQueue: @escaping @Sendable (String) -> Void
    ) {
        self.store = store
        self.broker = broker
        self.settings = settings
        self.plans = plans
        self.ids = ids
        self.now = now
        self.log = log
        self.completion = completion
        self.declareQueue = declareQueue
        composer = DispatchComposer(settings: settings)
        instance = self.ids.next(at: now)
        templates = TemplateRegistry(environment: settings.environment)
        routes = RouteTable(stickiness: settings.routeStickiness, since: now)
        workers = WorkerRegistry(silence: settings.workerSilence)
    }

    var isConnected: Bool {
        if case .connected = brokerState { true } else { false }
    }

    /// Takes what has arrived, in order. Everything of it is committed, published and acked, or will be taken again,
    /// when this returns.
    /// - Throws: ``StoreError`` `fenced`: another orchestrator owns the partition, this one must end.
    public func process(_ arrived: [Input], at time: Timestamp) async throws {
        now = max(now, time)
        var inputs = arrived
        if let due = deferredUntil {
            guard due <= now else {
                // The store is in trouble: nothing new is begun before it has had a moment.
                return postpone(arrived)
            }
            deferredUntil = nil
            inputs = deferred + arrived
            deferred = []
        }
        rememberBeforeRound()
        do {
            try await reloadStale()
            try await round(inputs)
        } catch let error as StoreError where error.code == .fenced {
            throw error
        } catch {
            abandonRound(inputs, because: error)
        }
    }

    /// Before anything that the store may refuse, reads included.
    private func rememberBeforeRound() {
        beforeRound = RoundMemory(
            markers: markers, silentTimers: silentTimers, silentLosses: silentLosses, unroutable: unroutable,
            unroutableDispatches: unroutableDispatches, outboxWaiting: outboxWaiting, followUps: followUps)
        poppedTimers = []
    }

    private func round(_ inputs: [Input]) async throws {
        roundStart = .now
        resultsInRound = 0
        let messages = inputs.map(decode)
        try await load(messages.compactMap(\.task))
        for message in messages { try await handle(message) }
        try await fireTimers()
        try await followUp()
        try await beginParked()
        if isPlanted(.publishBeforeCommit) { flush() }
        if isPlanted(.ackBeforeCommit) {
            broker.acknowledge(afterCommit.acks)
            afterCommit.acks = []
        }
        if mustCommit || softIsDue { try await commit() }
        flush()
        evict()
        if parked.isEmpty { parkedSince = nil } else if parkedSince == nil { parkedSince = now }
    }

    /// When ``process(_:at:)`` wants to be called even if nothing arrives.
    public var nextWake: Timestamp? {
        if let due = deferredUntil { return due }
        if !followUps.isEmpty { return now }
        return [
            timers.earliest, isReading ? staleness.earliest : nil, softSince?.advanced(by: settings.confirmLinger),
            workers.nextExpiry, nextLostCheck,
            // Without a connection they wait for that, not for a time.
            isConnected ? unroutable.map(\.due).min() : nil,
            isConnected ? unroutableDispatches.map(\.due).min() : nil, nextMarkerRetry, nextRouteCheck,
        ].compactMap(\.self).min()
    }

    /// Queues whose figures the lost-dispatch check asks for; handed out once.
    public func takeQueuesToInspect() -> Set<String> {
        defer { queuesToInspect = [] }
        return queuesToInspect
    }
}

/// A task in memory.
final class CachedTask {
    var task: WorkflowTask
    var lastUse: UInt64 = 0
    /// What was last told of its dead-letter entry.
    private var toldResolution: DeadLetterResolution?

    init(_ task: WorkflowTask) {
        self.task = task
        toldResolution = task.deadLetter?.resolution
    }

    /// What a change of the dead-letter entry is to people who watch; nil for one that is neither a beginning nor an end.
    func notice(of change: DeadLetterChange) -> JournalEntry? {
        switch change {
        case .made(let entry):
            toldResolution = entry.resolution
            return .notice(type: "dlq.created", detail: entry.reason.rawValue)
        case .failed: return nil
        case .changed(let entry):
            defer { toldResolution = entry.resolution }
            guard entry.resolution != toldResolution, entry.resolution != .pending else { return nil }
            return .notice(type: "dlq.resolved", detail: entry.resolution.rawValue)
        }
    }
}

/// What a round did to one task so far.
struct TaskChangeDraft {
    var birth: TaskBirth?
    var taskChanged = false
    var steps: Set<Int> = []
    /// Rows from here on are new.
    var addedFrom: Int?
    var journal: [JournalEntry] = []
    var deadLetters: [DeadLetterChange] = []

    var isEmpty: Bool {
        birth == nil && !taskChanged && steps.isEmpty && addedFrom == nil && journal.isEmpty && deadLetters.isEmpty
    }
}

/// What may happen only once the round is committed.
struct AfterCommit {
    var dispatches: [(task: TaskID, place: Int, dispatch: DispatchID)] = []
    var outbox: [OutboxMessage] = []
    var messages: [(OutgoingMessage, Publishing)] = []
    var acks: [DeliveryTag] = []
    /// To callers that wait; should the round not be committed they hear that instead.
    var replies: [() -> Void] = []

    var isEmpty: Bool {
        dispatches.isEmpty && outbox.isEmpty && messages.isEmpty && acks.isEmpty && replies.isEmpty
    }
}

/// What the inputs of a round use up: given back when it could not be committed.
struct RoundMemory {
    var markers: [Int64: Marker] = [:]
    var silentTimers: [TimerEntry] = []
    var silentLosses: [(StepID, DispatchID)] = []
    var unroutable: [(due: Timestamp, message: OutgoingMessage, what: Publishing)] = []
    var unroutableDispatches: [(due: Timestamp, task: TaskID, step: StepID)] = []
    var outboxWaiting: [OutboxMessage] = []
    var followUps = FollowUps()
    /// Publishes whose outcome was among the inputs.
    var settled: [UInt64: Publishing] = [:]
}

/// Events that follow from others and may need tasks that are not in memory.
struct FollowUps {
    /// What became of a dispatch's message.
    struct Report {
        var task: TaskID
        var place: Int
        var dispatch: DispatchID
        var what: PublishingReport
        /// It came back: published again from then on.
        var returnsAt: Timestamp?
    }

    var holdsMayEnd: Set<TaskID> = []
    var reports: [Report] = []
    var silence: Set<TaskID> = []

    var isEmpty: Bool { holdsMayEnd.isEmpty && reports.isEmpty && silence.isEmpty }
}

/// Dispatches that wait for the broker, in the order in which they became due.
struct ParkedDispatches {
    private var order: [(task: TaskID, step: StepID)] = []
    private var head = 0

    var isEmpty: Bool { head >= order.count }
    var count: Int { order.count - head }

    mutating func append(task: TaskID, step: StepID) { order.append((task, step)) }

    func first(_ limit: Int) -> ArraySlice<(task: TaskID, step: StepID)> {
        order[head..<min(order.count, head + max(0, limit))]
    }

    mutating func removeFirst(_ count: Int) {
        head += count
        if head == order.count {
            order = []
            head = 0
        }
    }
}

/// What a publish with a token is about.
enum Publishing {
    case dispatch(task: TaskID, step: StepID, place: Int, dispatch: DispatchID, queue: String)
    case outbox(OutboxMessage)
    case marker(Int64)
    /// The delivery is acked once this copy of it lies in the dead-letter queue.
    case deadLetter(DeliveryTag, OutgoingMessage)
    case answer
}

/// All that was sent before it has been read when it comes back.
struct Marker {
    var timers: [TimerEntry] = []
    var losses: [(StepID, DispatchID)] = []
    /// The first after a start or reconnect: silence counts from here on.
    var isFirst = false
    var sentAt: Timestamp
}
