import Synchronization
import TaskerMessaging
import TaskerProtocol
import TaskerStore
import TaskerTemplates

@testable import TaskerOrchestrator

extension SimulatedWorld {
    func inject(_ fault: SimulationPlan.Kind) {
        trace.note("fault \(fault)")
        switch fault {
        case .crash(let operations, let down): orchestrator.crash(after: operations, down: down)
        case .restartBroker(let duration): broker.restart(after: duration)
        case .block(let duration): broker.block(for: duration)
        case .nack(let duration): broker.nacksUntil = clock.now + duration
        case .cutOrchestrator(let publishing, let noticed, let told):
            let connection = publishing ? orchestrator.process?.publishing : orchestrator.process?.consuming
            if let connection { broker.cut(connection, brokerAfter: noticed, clientAfter: told) }
        case .cutWorker(let index, let noticed, let told):
            if let connection = workers[index].connection {
                broker.cut(connection, brokerAfter: noticed, clientAfter: told)
            }
        case .killWorker(let index, let flushes, let noticed):
            workers[index].die(flushes: flushes, noticedAfter: noticed)
        case .leaveWorker(let index): workers[index].leave()
        case .freezeWorker(let index, let duration): workers[index].freeze(for: duration)
        case .purgeSteps(let fleet): broker.purge(names.steps(fleet))
        case .purgeResults: broker.purge(names.results(0))
        case .deleteSteps(let fleet): broker.delete(names.steps(fleet))
        case .refuseCommits(let count): orchestrator.refuseCommits(count)
        case .refuseReads(let count): orchestrator.refuseReads(count)
        case .jumpClock(let distance):
            orchestrator.clockOffset += distance
            if distance > 0, .microseconds(distance) < ClockWatch.threshold { ledger.clockSlips(by: distance) }
        case .repeatResult:
            guard !broker.resultsSeen.isEmpty, broker.isUp else { return }
            let (message, about) = random.pick(broker.resultsSeen)
            broker.route(message, about)
        case .garbage(let kind): injectGarbage(kind)
        case .cancel(let index): cancel(index)
        case .act(let index, let number): act(index, number)
        case .route(let callable, let fleet):
            let handler = RoutingTable.Handler(namespace: "sim", callable: callable)
            let queues = fleet.map { [RoutingTable.WeightedQueue(queue: $0, weight: 100)] }
            orchestrator.push(
                .setRoute(SetRoute(handler: handler, queues: queues, actor: "operator") { _ in }), .other)
        }
    }

    // MARK: - Messages nobody can use

    private func injectGarbage(_ kind: Int) {
        let queue = [names.results(0), names.requests, names.workers, names.steps("fleet0"), names.results(0)][kind]
        guard broker.isUp, broker.queues[queue] != nil else { return }
        let bodies = [
            "no json \(garbage.count)", "{\"kind\":\"task.request\",\"n\":\(garbage.count)}",
            "[\(garbage.count)]", "{\"protocol\":\"9.0\",\"kind\":\"step.execute\",\"n\":\(garbage.count)}",
            "{\"protocol\":\"1.0\",\"kind\":\"step.result\",\"status\":\"completed\",\"dispatch_id\":\"018f3b1e-7c00-7000-8000-00000000000\(garbage.count % 10)\",\"task_uuid\":\"018f3b1e-7c00-7000-8000-000000000001\",\"step_uuid\":\"018f3b1e-7c00-7000-8000-000000000002\"}",
        ]
        let body = Array(bodies[kind].utf8)
        garbage.append(body)
        broker.route(
            OutgoingMessage(token: 0, routingKey: queue, properties: MessageProperties(), body: body), .garbage)
    }

    // MARK: - Operators

    private func victim(_ index: Int) -> TaskID? {
        guard !plan.tasks[index].isComparable else { return nil }
        return ledger.state.withLock { $0.tasksByKey[plan.tasks[index].key] }
    }

    private func cancel(_ index: Int) {
        guard let task = victim(index) else { return }
        orchestrator.push(.cancel(CancelTask(task: task, reason: "simulated", actor: "operator") { _ in }), .other)
    }

    private func act(_ index: Int, _ number: Int) {
        guard let task = victim(index) else { return }
        let step =
            plan.templates.first { $0.name == plan.tasks[index].template }
            .map { random.pick($0.steps).name } ?? ""
        let actions: [ActOnTask.Action] = [
            .step(step, .reset(clearCheckpoint: random.chance(50))), .step(step, .resolve),
            .step(step, .complete(result: .emptyObject, metadata: .emptyObject)), .retry(steps: nil),
            .retry(steps: nil),
            .giveUp, .resolve, .replay, .makeDeadLetter,
            .updateDeadLetter(entry: nil, resolution: nil, notes: "looked at", metadata: nil),
        ]
        orchestrator.push(
            .act(ActOnTask(task: task, action: actions[number], actor: "operator", reason: "simulated") { _ in }),
            .other)
    }
}
