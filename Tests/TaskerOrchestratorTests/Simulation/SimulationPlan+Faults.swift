import TaskerProtocol

extension SimulationPlan {
    mutating func planFaults(_ random: inout SimulationRandom) {
        let span = random.pick([3 * second, 30 * second, 100 * second])
        let isStorm = random.chance(8)
        for _ in 0..<(isStorm ? 20 : random.int(1...8)) {
            let at = random.microseconds(0...span)
            faults.append(Fault(at: at, kind: fault(&random)))
        }
        faults.sort { $0.at < $1.at }
        // Five minutes after the first answer a handler counts as unknown for good, by the orchestrator's clock.
        if faults.contains(where: { if case .jumpClock(let distance) = $0.kind { distance > 0 } else { false } }) {
            for index in workers.indices { workers[index].knowsHandlersFrom = [:] }
        }
        calmAt = span + 5 * second
    }

    private func fault(_ random: inout SimulationRandom) -> Kind {
        let long = random.pick([100 * millisecond, 3 * second, 20 * second, 90 * second])
        let noticed = random.pick([0, 0, 10 * millisecond, 5 * second, 60 * second])
        let told = random.pick([0, 0, 10 * millisecond, 3 * second, 30 * second])
        let worker = random.int(0...workers.count - 1)
        let fleet = random.pick(Self.fleets)
        switch random.int(0...99) {
        case ..<22:
            return .crash(operations: random.int(0...12), down: random.pick([10 * millisecond, second, 15 * second]))
        case ..<27: return .restartBroker(min(long, 20 * second))
        case ..<34: return .block(long)
        case ..<37: return .nack(min(long, 20 * second))
        case ..<46:
            return .cutOrchestrator(publishing: random.chance(60), broker: noticed, client: min(told, 30 * second))
        case ..<55: return .cutWorker(worker, broker: noticed, client: told)
        case ..<63: return .killWorker(worker, flushes: random.chance(50), noticed: noticed)
        case ..<66: return .leaveWorker(worker)
        case ..<70: return .freezeWorker(worker, long)
        case ..<72: return .purgeSteps(fleet)
        case ..<73: return .purgeResults
        case ..<74: return .deleteSteps(fleet)
        case ..<79: return .refuseCommits(random.int(1...3))
        case ..<81: return .refuseReads(random.int(1...3))
        case ..<84:
            return .jumpClock(random.pick([500 * millisecond, 70 * second, 400 * second, -3 * second, -3600 * second]))
        case ..<88: return .repeatResult
        case ..<91: return .garbage(random.int(0...4))
        case ..<94: return .cancel(random.int(0...tasks.count - 1))
        case ..<98: return .act(random.int(0...tasks.count - 1), random.int(0...9))
        default:
            let callable = random.pick(Self.callables)
            return .route(callable, random.chance(30) ? nil : random.pick(fleetsOf[callable] ?? Self.fleets))
        }
    }
}
