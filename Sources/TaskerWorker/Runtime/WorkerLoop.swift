import Dispatch
import Logging
import TaskerMessaging

/// What reaches the worker's loop from other threads.
enum LoopEvent: Sendable {
    case machine(MachineEvent)
    case deliveries([Delivery], queue: String)
    /// Whether messages wait in one of the step queues.
    case looked(messagesWait: Bool)
    case control([Delivery])
    case pages([Delivery])
    case published([PublishResult])
    /// For subscribers of this process, once the result is confirmed; comes before the handler's end.
    case localEvents(DispatchID, [DomainEvent])
    /// End at once; what is held stays with the broker.
    case abort
}

/// The machine's timers and the loop's own.
enum LoopTimer: Hashable, Sendable {
    case machine(MachineTimer)
    /// Consumers are to be cancelled once nothing has come for a moment.
    case quiet
}

/// How a worker's loop ended.
struct LoopEnd: Sendable {
    var exitCode: Int32
    /// Answers the broker did not take.
    var unsent: [StepResultMessage]
}

/// Everything the loop works with.
struct LoopServices: Sendable {
    let broker: any Broker
    let inbox: EventInbox<LoopEvent>
    let handlers: HandlerDirectory
    let encoder: ParcelEncoder
    let runner: StepRunner
    let threads: HandlerThreads
    let consumers: AsyncStream<ConsumerSwitch.Command>.Continuation
    let onReady: @Sendable () -> Void
    let logger: Logger
}

/// The runtime around ``DeliveryMachine``: one thread that takes events, keeps the timers and carries out effects. It
/// never waits for anything but its inbox, so heartbeats go out however busy handlers are.
///
/// Lives on that thread only.
final class WorkerLoop {
    private let services: LoopServices
    private var machine: DeliveryMachine
    private var timers = TimerQueue<LoopTimer>()
    private var running: [DispatchID: (task: Task<Void, Never>, link: HandlerLink)] = [:]
    private var outgoing: [OutgoingMessage] = []
    private var acknowledged: [DeliveryTag] = []
    private var gate: AckGate
    private var dryDeadline: ContinuousClock.Instant?
    private var localEvents = LocalEvents()
    private var end: LoopEnd?
    private var logger: Logger { services.logger }

    /// Runs a loop on a thread of its own until it has ended.
    static func run(_ services: LoopServices, machine: DeliveryMachine) async -> LoopEnd {
        await withCheckedContinuation { continuation in
            // A serial queue has a thread of its own, outside of the pool that Swift's tasks share.
            DispatchQueue(label: "tasker.worker.loop").async {
                let loop = WorkerLoop(services, machine: machine)
                continuation.resume(returning: loop.run())
            }
        }
    }

    private init(_ services: LoopServices, machine: DeliveryMachine) {
        self.services = services
        self.machine = machine
        gate = AckGate(consumers: services.encoder.queues.count, prefetch: services.encoder.slots)
    }

    private func run() -> LoopEnd {
        while end == nil {
            let events = services.inbox.take(until: timers.next)
            for event in events where end == nil { take(event) }
            let now = ContinuousClock.now
            while end == nil, let timer = timers.pop(dueBy: now) { fire(timer) }
            if gate.isDrying, gate.isDry { cancelConsumers() }
            flush()
        }
        services.inbox.close()
        for (task, link) in running.values {
            link.stop(.interrupted)
            task.cancel()
        }
        return end ?? LoopEnd(exitCode: 1, unsent: [])
    }

    private func take(_ event: LoopEvent) {
        switch event {
        case .machine(let event):
            switch event {
            case .handlerFinished(let id, _): running[id] = nil
            case .consumerLost(let epoch): gate.lost(epoch: epoch)
            case .consumersStopped: acknowledged += gate.cancelled()
            default: break
            }
            feed(event)
        case .localEvents(let id, let events):
            // Interrupted: the orchestrator has got another answer.
            if running[id] != nil { localEvents.keep(events, for: id) }
        case .deliveries(let deliveries, let queue):
            gate.delivered(deliveries.map(\.tag))
            for delivery in deliveries { feed(.delivered(arrival(delivery, queue))) }
        case .looked(let messagesWait): looked(messagesWait: messagesWait)
        case .control(let deliveries):
            for delivery in deliveries { notice(delivery) }
        case .pages(let deliveries):
            for delivery in deliveries { page(delivery) }
        case .published(let results):
            for result in results {
                deliverLocally(localEvents.published(result.token, isConfirmed: result.outcome == .confirmed))
                feed(.published(token: result.token, result.outcome))
            }
        case .abort:
            end = LoopEnd(exitCode: 1, unsent: [])
        }
    }

    private func fire(_ timer: LoopTimer) {
        switch timer {
        case .machine(let timer): feed(.timer(timer))
        case .quiet where gate.isQuiet(): services.consumers.yield(.look)
        case .quiet where gate.isDrying: timers.set(.quiet, at: .now + AckGate.quiet)
        case .quiet: break
        }
    }

    /// Nothing has come for a moment. Messages that wait although there is credit for them are on their way to somebody,
    /// perhaps to us: a loaded broker takes its time.
    private func looked(messagesWait: Bool) {
        guard gate.isDrying else { return }
        let isOver = dryDeadline.map { ContinuousClock.now >= $0 } ?? true
        if gate.isQuiet(), !messagesWait || isOver { return cancelConsumers() }
        timers.set(.quiet, at: .now + AckGate.quiet)
    }

    private func cancelConsumers() {
        gate.cancelling()
        timers.cancel(.quiet)
        services.consumers.yield(.stop)
    }

    private func startConsumers() {
        if gate.isDrying {
            timers.cancel(.quiet)
            acknowledged += gate.stay()
        } else {
            services.consumers.yield(.start)
        }
    }

    private func feed(_ event: MachineEvent) {
        for effect in machine.handle(event, at: .current()) { perform(effect) }
    }

    // MARK: - Reading

    private func arrival(_ delivery: Delivery, _ queue: String) -> Arrival {
        Arrival(
            tag: delivery.tag, wasDeliveredBefore: delivery.wasDeliveredBefore, deliveryCount: delivery.deliveryCount,
            content: content(delivery, queue))
    }

    private func content(_ delivery: Delivery, _ queue: String) -> Arrival.Content {
        do {
            let step = try StepReader.read(delivery.body)
            return .step(
                step, trace: delivery.properties.headers.tracing,
                isHandlerKnown: services.handlers.entry(for: step) != nil)
        } catch {
            logger.error(
                "a message cannot be read and goes to the dead letters: \(error.detail)",
                metadata: ["queue": "\(queue)", "message_id": "\(delivery.properties.messageID ?? "none")"])
            return .unreadable(
                UnreadableMessage(error: error, body: delivery.body, properties: delivery.properties, origin: queue))
        }
    }

    /// Cancel notices go to every worker; one that cannot be read is nobody's loss, as a notice only saves time.
    private func notice(_ delivery: Delivery) {
        guard let body = try? RawJSON(validating: delivery.body), let cancel = try? StepCancel(reading: body) else {
            return logger.warning("a control message cannot be read and is ignored")
        }
        feed(.cancelNotice(cancel.dispatchID))
    }

    private func page(_ delivery: Delivery) {
        guard let body = try? RawJSON(validating: delivery.body), let page = try? StepDependencies(reading: body) else {
            return logger.warning("a page of dependency results cannot be read and is ignored")
        }
        feed(.page(page))
    }

    // MARK: - Effects

    private func perform(_ effect: MachineEffect) {
        switch effect {
        case .startConsuming: startConsumers()
        case .stopConsuming:
            gate.dry()
            dryDeadline = .now + AckGate.patience
            timers.set(.quiet, at: .now + AckGate.quiet)
        case .openReplyQueue: services.consumers.yield(.openReplyQueue)
        case .run(let step): run(step)
        case .stop(let id, let reason): stop(id, reason)
        case .publish(let token, let parcel): publish(token, parcel)
        case .acknowledge(let tags): acknowledged += gate.acknowledge(tags)
        case .setTimer(let timer, let delay): timers.set(.machine(timer), at: .now + delay)
        case .cancelTimer(let timer): timers.cancel(.machine(timer))
        case .ready:
            services.onReady()
            logger.info("ready: announced to the orchestrator")
        case .unheard:
            logger.warning(
                """
                there is no queue \(services.encoder.names.workers): no orchestrator has run on this broker with this prefix \
                yet. The worker runs and is announced when one has started
                """)
        case .finish(let exitCode, let unsent):
            end = LoopEnd(exitCode: exitCode, unsent: unsent)
        }
    }

    private func run(_ step: StepExecute) {
        let id = step.dispatchID
        let runner = services.runner
        let (inbox, logger, hooks) = (services.inbox, services.logger, services.handlers.hooks)
        let link = HandlerLink(traceParent: machine.jobs[id]?.dispatch.trace.traceParent, logger: logger)
        // The machine asked for the handler's existence on arrival, and handlers are never taken away.
        guard let entry = services.handlers.entry(for: step) else { return }
        // Unstructured on purpose: a handler that ignores its cancellation must not keep the process alive after the
        // grace period. The loop cancels every one it started.
        let task = Task(executorPreference: services.threads) {
            let run = await runner.run(step, entry, link, hooks)
            if !run.events.isEmpty { inbox.push(.localEvents(id, run.events)) }
            inbox.push(.machine(.handlerFinished(id, run.message)))
            StepLog.log(run.message, step, link.traceParent, to: logger)
        }
        running[id] = (task, link)
    }

    private func stop(_ id: DispatchID, _ reason: StopReason) {
        guard let handler = running[id] else { return }
        handler.link.stop(reason)
        handler.task.cancel()
        if reason == .interrupted { running[id] = nil }
    }

    private func publish(_ token: UInt64, _ parcel: Parcel) {
        if case .answer(let dispatch, let message) = parcel {
            if message.status == .abandoned { StepLog.log(abandoned: message, dispatch, to: logger) }
            localEvents.publishing(dispatch.id, token: token)
        }
        outgoing.append(
            services.encoder.message(
                parcel, token: token, now: .current(), callables: { services.handlers.callables },
                progress: { running[$0]?.link.progress }))
    }

    /// Subscribers run beside the loop and change nothing.
    private func deliverLocally(_ events: [DomainEvent]) {
        guard !events.isEmpty else { return }
        let (subscribers, logger) = (services.handlers.hooks.subscribers, logger)
        Task(executorPreference: services.threads) { await subscribers.deliver(events, logger) }
    }

    /// One call to the broker for everything that a batch of events has caused.
    private func flush() {
        if !outgoing.isEmpty {
            let inbox = services.inbox
            services.broker.publish(outgoing) { inbox.push(.published($0)) }
            outgoing = []
        }
        if !acknowledged.isEmpty {
            services.broker.acknowledge(acknowledged)
            acknowledged = []
        }
    }
}

/// Reads a step message, in the order of the checks: readable, then kind and version.
enum StepReader {
    static func read(_ body: [UInt8]) throws(WireError) -> StepExecute {
        let raw: RawJSON
        do throws(JSONError) {
            raw = try RawJSON(validating: body)
        } catch {
            throw WireError(.invalidMessage, "the body is not JSON: \(error)")
        }
        return try StepExecute(reading: raw)
    }
}
