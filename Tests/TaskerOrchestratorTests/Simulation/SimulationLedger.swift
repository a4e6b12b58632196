import Synchronization
import TaskerEngine
import TaskerMessaging
import TaskerProtocol
import TaskerStore

/// The witness of a run: sees every commit, every publish, every ack and every start, and says at once what must not
/// have happened. It believes nothing that the orchestrator says of itself.
final class SimulationLedger: Sendable {
    struct Facts {
        var task: TaskID
        var step: StepID
        var name: String
        var attempt: Int
        var total: Int
        var isRetryable: Bool
        var mayRepeat: Bool
        var checkpoint: String
        var isBegun = false
        var wasConfirmed = false
        var starts = 0
        var answers: Set<String> = []
        var accepted = 0
        var audits = 0
        var isPublished = false
        var redeliveredAt: Timestamp?
        var heardAt: Timestamp?
        var timeout: Int64 = 0
        /// What its handler must be given, as of the commit after which its message is composed.
        var inputs: Inputs?
        /// The orchestrator was told that no copy exists, or that one may not: this dispatch must not be waited for.
        var wasTold = false
    }

    /// Executions that count as one: of one attempt from one checkpoint.
    struct Group: Hashable {
        var step: StepID
        var total: Int
        var checkpoint: String
    }

    struct Place: Hashable {
        var task: TaskID
        var place: Int
    }

    struct Expected: Hashable {
        var exchange: String
        var routingKey: String
        var body: RawJSON
    }

    struct State {
        var violation: String?
        var dispatches: [DispatchID: Facts] = [:]
        var groups: [Group: [DispatchID]] = [:]
        var taskStates: [TaskID: TaskState] = [:]
        var stepStates: [Place: StepState] = [:]
        var completions: [TaskID: Int] = [:]
        var acceptedOf: [Group: Int] = [:]
        var expected: Set<Expected> = []
        var arrived: Set<Expected> = []
        var tasksByKey: [String: TaskID] = [:]
        var excused: Set<DispatchID> = []
        var templates = 0
        /// Own markers came back in this round, or in one that could not be committed.
        var markersCameBack = false
        var settings = EngineSettings()
        /// By a clock that never jumps, as all times here.
        var now = Timestamp(milliseconds: 0)
        /// When silence may have begun to count the last time.
        var silentSince = Timestamp(milliseconds: 0)
        /// Milliseconds that the orchestrator's clock went ahead unnoticed.
        var slippage: Int64 = 0
        /// Dispatches that a worker holds and runs undisturbed.
        var runsUndisturbed: Set<DispatchID> = []
        /// Dispatches that lie in a step queue and were never delivered.
        var queued: Set<DispatchID> = []
    }

    let state: Mutex<State>

    init(settings: EngineSettings) {
        var state = State()
        state.settings = settings
        self.state = Mutex(state)
    }

    var violation: String? { state.withLock { $0.violation } }

    func fail(_ text: String) { state.withLock { $0.fail(text) } }

    // MARK: - Commits

    func committed(_ batch: CommitBatch) {
        state.withLock { state in
            state.templates += batch.templates.count
            for message in batch.outbox {
                state.expected.insert(
                    Expected(exchange: message.exchange, routingKey: message.routingKey, body: message.body))
            }
            for change in batch.tasks { state.note(change) }
        }
    }

    // MARK: - Publishes and acks

    /// A step message is about to leave the orchestrator.
    func publishes(_ id: DispatchID) {
        state.withLock { state in
            guard var facts = state.dispatches[id], facts.isBegun else {
                return state.fail("invariant 1: step message \(id.short) leaves before it is committed")
            }
            if facts.isPublished {
                state.fail("invariant 2: \(facts.name) is published again under its dispatch \(id.short)")
            }
            if state.taskStates[facts.task]?.isTerminal == true {
                state.fail("invariant 6: \(facts.name) is published although its task has ended")
            }
            facts.isPublished = true
            facts.wasTold = false
            state.dispatches[id] = facts
        }
    }

    /// The orchestrator was told that no copy exists.
    func wasNotPublished(_ id: DispatchID) {
        state.withLock {
            $0.dispatches[id]?.isPublished = false
            $0.dispatches[id]?.wasTold = true
        }
    }

    /// The orchestrator was told that the broker refused it.
    func wasNacked(_ id: DispatchID) {
        state.withLock { if $0.dispatches[id]?.mayRepeat == true { $0.dispatches[id]?.wasTold = true } }
    }

    /// The orchestrator acks a delivery of its own queues.
    func acknowledges(_ about: SimulatedMessage.About) {
        state.withLock { state in
            switch about {
            case .answer(let id, _):
                if state.dispatches[id]?.audits ?? 0 == 0 {
                    state.fail("invariant 1: the answer of \(id.short) is acked before it is committed")
                }
            case .request(let key):
                if state.tasksByKey[key] == nil {
                    state.fail("invariant 1: request \(key) is acked before its task is committed")
                }
            default: break
            }
        }
    }

    /// Something of the orchestrator's reached the broker.
    func arrived(_ message: OutgoingMessage) {
        state.withLock {
            let expected = Expected(
                exchange: message.exchange, routingKey: message.routingKey, body: RawJSON(trusting: message.body))
            if $0.expected.contains(expected) { $0.arrived.insert(expected) }
        }
    }

    // MARK: - Workers

    func starts(_ id: DispatchID) {
        state.withLock { state in
            guard var facts = state.dispatches[id] else {
                return state.fail("a dispatch that was never committed is started")
            }
            facts.starts += 1
            state.dispatches[id] = facts
            if facts.starts > 1 { state.fail("invariant 4: dispatch \(id.short) of \(facts.name) is started twice") }
            let ids = state.groups[facts.group] ?? []
            let starts = ids.reduce(0) { $0 + (state.dispatches[$1]?.starts ?? 0) }
            let doubts = ids.count { state.dispatches[$0]?.wasConfirmed == false && $0 != ids.last }
            if starts > 1, !facts.mayRepeat {
                state.fail("invariant 4: \(facts.name) may not repeat and is started twice")
            } else if starts > 1 + doubts {
                state.fail("invariant 4: \(facts.name) is started \(starts) times in attempt \(facts.attempt)")
            }
        }
    }

    func answers(_ id: DispatchID, _ status: StepResultMessage.Status) {
        state.withLock { _ = $0.dispatches[id]?.answers.insert(status.rawValue) }
    }

    /// Acked without an answer, as the protocol says: the dispatch counts no more.
    func excuses(_ id: DispatchID) { state.withLock { _ = $0.excused.insert(id) } }

    func acknowledgedUnanswered(_ id: DispatchID) {
        state.withLock {
            if !$0.excused.contains(id) {
                $0.fail("wire protocol 6.5: the delivery of \(id.short) is acked before its answer is confirmed")
            }
        }
    }

    // MARK: - What the orchestrator reads

    func begins(at now: Timestamp, inputs: [SimulatedMessage.About]) {
        state.withLock { state in
            state.now = now
            for input in inputs {
                switch input {
                case .marker: state.markersCameBack = true
                case .heartbeat(let id, _): state.dispatches[id]?.heardAt = now
                default: break
                }
            }
        }
    }

    func ends(wasCommitted: Bool) {
        if wasCommitted { state.withLock { $0.markersCameBack = false } }
    }

    /// What an earlier process was told is forgotten.
    func orchestratorStarts() {
        state.withLock { state in
            for id in state.dispatches.keys { state.dispatches[id]?.wasTold = false }
        }
    }

    /// It can read again, or has seen that its clock jumped: leases, graces and timeouts begin anew no sooner than now.
    func mayBeginSilence(at now: Timestamp) { state.withLock { $0.silentSince = now } }

    func clockSlips(by microseconds: Int64) { state.withLock { $0.slippage += microseconds / 1000 } }

    func worldIs(undisturbed: Set<DispatchID>, queued: Set<DispatchID>) {
        state.withLock {
            $0.runsUndisturbed = undisturbed
            $0.queued = queued
        }
    }
}

extension SimulationLedger.Facts {
    var group: SimulationLedger.Group { .init(step: step, total: total, checkpoint: checkpoint) }
}
