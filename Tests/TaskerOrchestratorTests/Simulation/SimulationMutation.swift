@testable import TaskerOrchestrator

/// A planted bug.
enum SimulationMutation: String, CaseIterable, Sendable {
    case acksBeforeCommit, publishesBeforeCommit, acceptsSuperseded, forgetsRetryTimers, resendsDoubtfulUnderSameID
    case republishesBegunAtRestart, closesWithoutMarker, forgetsSilenceAtReconnect, losesOnFirstSight
    case dropsOutboxAtRestart, resendsNackedAtOnce, readsWhileBlocked, forgetsReportsOfEvicted
    case ignoresClockJumps
    case ignoresGrace
    case workerRunsRedelivered, workerAcksBeforeConfirm

    var coordinator: CoordinatorMutations {
        switch self {
        case .acksBeforeCommit: .ackBeforeCommit
        case .publishesBeforeCommit: .publishBeforeCommit
        case .acceptsSuperseded: .noFencing
        case .forgetsRetryTimers: .forgetTimersAtRestart
        case .resendsDoubtfulUnderSameID: .resendDoubtUnderSameID
        case .republishesBegunAtRestart: .republishBegunAtRestart
        case .closesWithoutMarker: .closeWithoutMarker
        case .forgetsSilenceAtReconnect: .forgetSilenceAtReconnect
        case .losesOnFirstSight: .lostOnFirstSight
        case .dropsOutboxAtRestart: .dropOutboxAtRestart
        case .resendsNackedAtOnce: .resendNackedAtOnce
        case .readsWhileBlocked: .readWhileBlocked
        case .forgetsReportsOfEvicted: .forgetReportsOfEvicted
        case .ignoresClockJumps: .ignoreClockJumps
        case .ignoresGrace, .workerRunsRedelivered, .workerAcksBeforeConfirm: []
        }
    }

    var worker: SimulatedWorker.Mutation? {
        switch self {
        case .workerRunsRedelivered: .runsRedelivered
        case .workerAcksBeforeConfirm: .acksBeforeConfirm
        default: nil
        }
    }
}
