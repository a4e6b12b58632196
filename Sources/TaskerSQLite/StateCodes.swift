import TaskerEngine

/// The numbers that stand for states in the database. They stay for ever; indexes rely on finished tasks being 10 and
/// above.
extension TaskState {
    var code: Int64 {
        switch self {
        case .pending: 0
        case .initializing: 1
        case .enqueuingSteps: 2
        case .stepsInProcess: 3
        case .evaluatingResults: 4
        case .waitingForDependencies: 5
        case .waitingForRetry: 6
        case .blockedByFailures: 7
        case .complete: 10
        case .error: 11
        case .cancelled: 12
        case .resolvedManually: 13
        }
    }

    private static let byCode = Dictionary(uniqueKeysWithValues: allCases.map { ($0.code, $0) })

    init(code: Int64) throws { self = try required(Self.byCode[code], "task state \(code)") }
}

extension StepState {
    var code: Int64 {
        switch self {
        case .pending: 0
        case .enqueued: 1
        case .inProgress: 2
        case .enqueuedForOrchestration: 3
        case .enqueuedAsErrorForOrchestration: 4
        case .waitingForRetry: 5
        case .error: 6
        case .complete: 10
        case .cancelled: 11
        case .resolvedManually: 12
        }
    }

    private static let byCode = Dictionary(uniqueKeysWithValues: allCases.map { ($0.code, $0) })

    init(code: Int64) throws { self = try required(Self.byCode[code], "step state \(code)") }
}

extension Dispatch.Publication {
    var code: Int64 {
        switch self {
        case .parked: 0
        case .begun: 1
        case .confirmed: 2
        case .inDoubt: 3
        }
    }

    init(code: Int64) throws {
        let all: [Self] = [.parked, .begun, .confirmed, .inDoubt]
        self = try required(all.first { $0.code == code }, "publication \(code)")
    }
}

extension Step.Hold {
    var code: Int64 {
        switch self {
        case .noRoute: 1
        case .quarantine: 2
        }
    }

    init(code: Int64) throws {
        let all: [Self] = [.noRoute, .quarantine]
        self = try required(all.first { $0.code == code }, "hold \(code)")
    }
}

extension PastDispatch.Ending {
    var code: UInt8 {
        switch self {
        case .answered: 0
        case .superseded: 1
        case .expired: 2
        case .cancelled: 3
        }
    }

    init(code: UInt8) throws {
        let all: [Self] = [.answered, .superseded, .expired, .cancelled]
        self = try required(all.first { $0.code == code }, "dispatch ending \(code)")
    }
}
