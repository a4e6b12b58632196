import TaskerMessaging

/// The obligations of a worker towards its deliveries (wire protocol, section 6) as a pure state machine: events in,
/// effects out, no clock, no I/O. The rules are those of the model they were explored with; a rule changes there first.
///
/// One job per dispatch this process holds. A job's slot is taken from the moment it may start until its result is
/// confirmed by the broker, so kept results are bounded by the slots.
struct DeliveryMachine: Sendable {
    struct Job: Sendable {
        enum Phase: Sendable {
            /// Delivered, no slot free.
            case waiting
            /// Its delivery was lost before it started; only its own redelivery may bring it back.
            case parked
            /// Has a slot and collects the results that did not fit the message.
            case fetching(PageCollector)
            case running
            /// The result is kept until the broker has confirmed it. `token` is nil between two tries.
            case answering(StepResultMessage, token: UInt64?, hasSlot: Bool)
        }

        /// The heartbeat that must be confirmed before a delivery is acked early.
        enum Detaching: Sendable, Hashable {
            case no, due
            case inFlight(token: UInt64)
        }

        let dispatch: Dispatch
        /// In the order of arrival.
        let number: UInt64
        /// Until it starts.
        var step: StepExecute?
        var phase: Phase = .waiting
        /// Unacked deliveries of it on living connections; normally one. Empty: detached.
        var held: [DeliveryTag]
        var detaching = Detaching.no
        var startedAt: Timestamp?
        var heartbeats: Int64 = 0

        var isDetached: Bool { held.isEmpty }
        var hasSlot: Bool {
            switch phase {
            case .waiting, .parked: false
            case .fetching, .running: true
            case .answering(_, _, let hasSlot): hasSlot
            }
        }
        var isStarted: Bool {
            switch phase {
            case .waiting, .parked, .fetching: false
            case .running: true
            case .answering(_, _, let hasSlot): hasSlot
            }
        }
    }

    /// A delivery that cannot be read: acked after both confirms.
    struct Refusal: Sendable {
        var message: UnreadableMessage
        var tag: DeliveryTag
        var missing: Set<Part>
        enum Part: Sendable { case deadLetter, answer }
    }

    enum Purpose: Sendable, Hashable {
        case answer(DispatchID)
        case detach(DispatchID)
        case refusal(UInt64, Refusal.Part)
        case announcement(WorkerAnnouncement.Kind)
        /// Its outcome changes nothing.
        case none
    }

    /// Why no deliveries are taken; consuming goes on when none is left.
    enum Pause: Sendable, Hashable {
        case notBegun, slotsFull, publisherAway, draining
    }

    let slots: Int
    let worker: WorkerIdentity
    let timing: DeliveryTiming

    var jobs: [DispatchID: Job] = [:]
    var waiting: [DispatchID] = []
    var refusals: [UInt64: Refusal] = [:]
    var purposes: [UInt64: Purpose] = [:]
    var answered = RecentSet<DispatchID>(capacity: 10_000)
    var cancelled: RecentSet<DispatchID>
    var pauses: Set<Pause> = [.notBegun]
    var usedSlots = 0
    var isPublisherReady = false
    /// It was started once, and runs now.
    var isControlStarted = false
    var hasControl = false
    /// A consumer was lost since the last hello.
    var owesHello = false
    var isUnheard = false
    var isReady = false
    var replyQueue: String?
    var isReplyQueueOpen = false
    var announcements: Int64 = 0
    var processedTotal: Int64 = 0
    var failedTotal: Int64 = 0
    var leaving: Leaving = .no

    enum Leaving: Sendable, Hashable {
        case no
        case draining(reason: String, consumersStopped: Bool)
        case bye
        case over
    }

    var effects: [MachineEffect] = []
    private var lastNumber: UInt64 = 0
    private var lastToken: UInt64 = 0
    private(set) var now = Timestamp(milliseconds: 0)

    init(slots: Int, worker: WorkerIdentity, timing: DeliveryTiming = DeliveryTiming()) {
        self.slots = max(1, slots)
        self.worker = worker
        self.timing = timing
        cancelled = RecentSet(capacity: 10_000, lifetime: timing.rememberedCancels)
    }

    /// Takes one event. `now` is the wall clock: it stamps messages and ages remembered cancel notices, nothing else.
    mutating func handle(_ event: MachineEvent, at now: Timestamp) -> [MachineEffect] {
        self.now = now
        effects.removeAll(keepingCapacity: true)
        if leaving != .over { take(event) }
        return effects
    }

    private mutating func take(_ event: MachineEvent) {
        switch event {
        case .begin: resume(.notBegun)
        case .delivered(let arrival): deliver(arrival)
        case .consumersStopped: consumersStopped()
        case .consumerStarted: consumerStarted()
        case .consumerLost(let epoch):
            owesHello = true
            lose { $0.epoch == epoch }
        case .controlStarted: controlStarted()
        case .controlLost: hasControl = false
        case .publisherReady: publisherReady()
        case .publisherAway: publisherAway()
        case .published(let token, let outcome): published(token, outcome)
        case .handlerFinished(let id, let message): handlerFinished(id, message)
        case .cancelNotice(let id): cancel(id)
        case .replyQueue(let name): replyQueueChanged(name)
        case .page(let page): take(page)
        case .handlersChanged: hello()
        case .timer(let timer): fire(timer)
        case .shutdown(let reason): shutdown(reason)
        }
    }

    private mutating func fire(_ timer: MachineTimer) {
        switch timer {
        case .waited(let id): waited(id)
        case .parked(let id): forget(id)
        case .acknowledgeBy(let id): acknowledgeBy(id)
        case .heartbeat(let id): heartbeatDue(id)
        case .timeout(let id):
            if case .running = jobs[id]?.phase { effects.append(.stop(id, .timedOut)) }
        case .answerAgain(let id): publishAnswer(id)
        case .detachAgain(let id): publishDetaching(id)
        case .fetchAgain(let id): askForPage(id)
        case .refuseAgain(let number): publishRefusal(number)
        case .publisherAway: if !isPublisherReady { pause(.publisherAway) }
        case .announce: announceDue()
        case .helloAgain: hello()
        case .grace: graceIsOver()
        case .lastCall: lastCall()
        }
    }

    // MARK: - Small tools

    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    mutating func publish(_ parcel: Parcel, for purpose: Purpose) -> UInt64 {
        lastToken += 1
        let token = lastToken
        purposes[token] = purpose
        effects.append(.publish(token: token, parcel))
        return token
    }

    mutating func pause(_ reason: Pause) {
        let wasConsuming = pauses.isEmpty
        pauses.insert(reason)
        if wasConsuming { effects.append(.stopConsuming) }
    }

    mutating func resume(_ reason: Pause) {
        guard pauses.remove(reason) != nil, pauses.isEmpty else { return }
        effects.append(.startConsuming)
    }

    /// Jobs in the order of their arrival.
    var jobsInOrder: [Job] { jobs.values.sorted { $0.number < $1.number } }
}
