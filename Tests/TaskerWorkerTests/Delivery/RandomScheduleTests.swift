import TaskerMessaging
import TaskerProtocol
import Testing

@testable import TaskerWorker

/// The machine between a broker that loses connections, nacks and returns, and handlers of any length, in random order:
/// what must never happen does not, and once the faults end everything ends.
@Suite struct RandomScheduleTests {
    @Test(arguments: 0..<10)
    func holdsItsObligations(block: Int) {
        for seed in block * 20..<block * 20 + 20 {
            var schedule = Schedule(seed: UInt64(seed), shutsDown: seed % 4 == 3)
            schedule.run()
            #expect(schedule.faults.isEmpty, "seed \(seed): \(schedule.faults.prefix(3))")
        }
    }
}

private struct Schedule {
    struct Held {
        var id: DispatchID
        var tag: DeliveryTag
    }

    var random: SplitMix
    let shutsDown: Bool
    let slots: Int
    var script: Script
    var faults: [String] = []

    // The broker's side.
    var queue: [(step: StepExecute, wasDelivered: Bool)] = []
    var unacked: [Held] = []
    var epoch: UInt64 = 0
    var isConnected = false
    var wantsToConsume = false
    var lastTag: UInt64 = 0
    var inFlight: [(token: UInt64, parcel: Parcel)] = []
    var steps: [StepExecute] = []

    // The runtime's side.
    /// In the order in which they were set.
    var timers: [MachineTimer] = []
    var running: Set<DispatchID> = []

    // What has happened.
    var starts: [DispatchID: Int] = [:]
    var mayBeAcked: Set<DispatchID> = []
    /// Came back from another delivery and were not held any more.
    var mustNotStart: Set<DispatchID> = []
    var end: Int32?
    private var pending: [MachineEvent] = []
    private var isFeeding = false

    init(seed: UInt64, shutsDown: Bool) {
        random = SplitMix(state: seed)
        self.shutsDown = shutsDown
        slots = Int.random(in: 1...3, using: &random)
        script = Script(slots: slots)
    }

    mutating func run() {
        feed(.begin)
        for turn in 0..<300 {
            act(turn)
            if shutsDown, turn == 200 { feed(.shutdown(reason: "SIGTERM")) }
            check()
        }
        settle()
        if shutsDown {
            if end != 0 { faults.append("ended with \(String(describing: end))") }
        } else {
            if !queue.isEmpty { faults.append("\(queue.count) messages left") }
            if !script.machine.pauses.isEmpty { faults.append("does not consume again: \(script.machine.pauses)") }
        }
        if !unacked.isEmpty { faults.append("\(unacked.count) deliveries never acked") }
        if !script.machine.jobs.isEmpty { faults.append("\(script.machine.jobs.count) jobs left") }
        if script.machine.usedSlots != 0 { faults.append("\(script.machine.usedSlots) slots lost") }
    }

    private mutating func act(_ turn: Int) {
        switch Int.random(in: 0..<20, using: &random) {
        case 0...1 where steps.count < 40:
            let step = makeStep(UInt64(steps.count + 1))
            steps.append(step)
            queue.append((step, false))
            // Published in doubt and published again is another dispatch; a broker may still duplicate a message.
            if Int.random(in: 0..<8, using: &random) == 0 { queue.append((step, false)) }
        case 2...6: deliver()
        case 7...10: confirm(faulty: true)
        case 11...13: finishOne()
        case 14...15: fireOne { _ in true }
        case 16: isConnected ? lose() : connect()
        case 17 where !steps.isEmpty:
            feed(.cancelNotice(steps[Int.random(in: 0..<steps.count, using: &random)].dispatchID))
        default: if !isConnected { connect() }
        }
    }

    /// No more faults: everything gets its time.
    private mutating func settle() {
        for _ in 0..<2000 {
            if !isConnected { connect() }
            if queue.isEmpty, unacked.isEmpty, inFlight.isEmpty, script.machine.jobs.isEmpty { return }
            deliver()
            confirm(faulty: false)
            finishOne()
            fireOne {
                switch $0 {
                case .announce, .timeout, .grace, .lastCall, .heartbeat, .acknowledgeBy: false
                default: true
                }
            }
            check()
        }
    }

    // MARK: The broker

    private mutating func connect() {
        isConnected = true
        epoch += 1
        feed(.publisherReady)
        feed(.controlStarted)
    }

    private mutating func lose() {
        isConnected = false
        let lost = unacked
        unacked = []
        for held in lost.reversed() {
            if let step = steps.first(where: { $0.dispatchID == held.id }) { queue.insert((step, true), at: 0) }
        }
        let doubtful = inFlight
        inFlight = []
        // The three kinds of news come in any order.
        var news: [MachineEvent] = [.publisherAway, .consumerLost(epoch: epoch)]
        news += doubtful.map { publish in
            // Some of them did arrive.
            .published(token: publish.token, .inDoubt)
        }
        news.shuffle(using: &random)
        for event in news { feed(event) }
    }

    private mutating func deliver() {
        guard isConnected, wantsToConsume, unacked.count < slots, !queue.isEmpty else { return }
        let (step, wasDelivered) = queue.removeFirst()
        lastTag += 1
        let tag = DeliveryTag(epoch: epoch, consumer: ConsumerID(1), tag: lastTag)
        unacked.append(Held(id: step.dispatchID, tag: tag))
        if wasDelivered, script.machine.jobs[step.dispatchID] == nil { mustNotStart.insert(step.dispatchID) }
        feed(
            .delivered(
                Arrival(
                    tag: tag, wasDeliveredBefore: wasDelivered, deliveryCount: nil,
                    content: .step(step, trace: [:], isHandlerKnown: true))))
    }

    private mutating func confirm(faulty: Bool) {
        guard isConnected, !inFlight.isEmpty else { return }
        let publish = inFlight.remove(at: Int.random(in: 0..<inFlight.count, using: &random))
        var outcome = PublishOutcome.confirmed
        if faulty {
            switch Int.random(in: 0..<8, using: &random) {
            case 0: outcome = .nacked
            case 1: outcome = .returned(code: 312, text: "NO_ROUTE")
            default: break
            }
        }
        if outcome == .confirmed {
            switch publish.parcel {
            case .answer(let dispatch, _): mayBeAcked.insert(dispatch.id)
            case .heartbeat(let dispatch, let heartbeat, let isPersistent) where isPersistent && heartbeat.isDetached:
                mayBeAcked.insert(dispatch.id)
            default: break
            }
        }
        feed(.published(token: publish.token, outcome))
    }

    // MARK: The runtime

    private mutating func finishOne() {
        guard let id = running.sorted().randomElement(using: &random) else { return }
        running.remove(id)
        if let step = steps.first(where: { $0.dispatchID == id }) { feed(.handlerFinished(id, completed(step))) }
    }

    private mutating func fireOne(_ isAllowed: (MachineTimer) -> Bool) {
        let candidates = timers.filter(isAllowed)
        guard let timer = candidates.randomElement(using: &random), timer != .grace, timer != .lastCall else { return }
        timers.removeAll { $0 == timer }
        feed(.timer(timer))
    }

    /// What an effect causes comes after the effects beside it, as with the worker's loop.
    private mutating func feed(_ event: MachineEvent) {
        pending.append(event)
        guard !isFeeding else { return }
        isFeeding = true
        while !pending.isEmpty {
            for effect in script(pending.removeFirst()) { perform(effect) }
        }
        isFeeding = false
    }

    private mutating func perform(_ effect: MachineEffect) {
        switch effect {
        case .startConsuming:
            if wantsToConsume { faults.append("consumes twice") }
            wantsToConsume = true
        case .stopConsuming:
            wantsToConsume = false
            feed(.consumersStopped)
        case .run(let step):
            starts[step.dispatchID, default: 0] += 1
            if starts[step.dispatchID] != 1 { faults.append("started twice") }
            if mustNotStart.contains(step.dispatchID) { faults.append("ran a redelivered message") }
            if !unacked.contains(where: { $0.id == step.dispatchID }) { faults.append("started without a delivery") }
            running.insert(step.dispatchID)
        case .stop(let id, let reason): if reason == .interrupted { running.remove(id) }
        case .publish(let token, let parcel):
            if isConnected { inFlight.append((token, parcel)) } else { feed(.published(token: token, .notSent)) }
        case .acknowledge(let tags):
            for tag in tags {
                guard let index = unacked.firstIndex(where: { $0.tag == tag }) else {
                    faults.append("acked an old or unknown tag \(tag)")
                    continue
                }
                if !mayBeAcked.contains(unacked[index].id) { faults.append("acked before a confirm") }
                unacked.remove(at: index)
            }
        case .setTimer(let timer, _):
            timers.removeAll { $0 == timer }
            timers.append(timer)
        case .cancelTimer(let timer): timers.removeAll { $0 == timer }
        case .finish(let code, _): end = code
        case .openReplyQueue, .ready, .unheard: break
        }
    }

    private mutating func check() {
        let machine = script.machine
        if machine.usedSlots > slots { faults.append("\(machine.usedSlots) of \(slots) slots used") }
        if machine.usedSlots != machine.jobs.values.filter(\.hasSlot).count { faults.append("slots are miscounted") }
        if running.count > slots { faults.append("\(running.count) handlers run") }
    }
}

private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
