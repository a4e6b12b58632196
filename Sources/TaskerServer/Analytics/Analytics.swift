import TaskerEngine
import TaskerOrchestrator
import TaskerProtocol
import TaskerStore

/// Figures over the tasks of a period (REST contract, section 7).
struct Analytics: Sendable {
    let timings: [TaskTiming]
    let since: Timestamp
    let now: Timestamp

    /// Tasks that are looked at; of more, the newest.
    static let limit = 20_000

    private var hours: Double { max(Double(now.millisecondsSince(since)) / 3_600_000, 1e-9) }

    /// - Parameter queueTime: since the orchestrator started; no store keeps it.
    func performance(queueTime: Histogram) -> JSONValue {
        let completed = timings.count { $0.state == .complete || $0.state == .resolvedManually }
        let failed = timings.count { $0.state == .error || $0.state == .blockedByFailures }
        let active = timings.count { !$0.state.isTerminal }
        let tasks = timings.compactMap(\.durationMilliseconds).sorted()
        let runs = timings.flatMap { $0.steps.compactMap(\.runMilliseconds) }.sorted()
        let finished = timings.reduce(0) { $0 + $1.steps.count { $0.completedAt != nil } }
        let total = timings.count
        let errorRate = total == 0 ? 0 : Double(failed) / Double(total)
        let blocked = timings.count { $0.state == .blockedByFailures }
        let health = total == 0 ? 1 : max(0, 1 - errorRate - 0.5 * Double(blocked) / Double(total))
        return [
            "total_tasks": .number(total), "active_tasks": .number(active), "completed_tasks": .number(completed),
            "failed_tasks": .number(failed),
            "completion_rate": .double(total == 0 ? 0 : Double(completed) / Double(total)),
            "error_rate": .double(errorRate),
            "average_task_duration_seconds": .double(Self.average(tasks)),
            "average_step_duration_seconds": .double(Self.average(runs)),
            "tasks_per_hour": .double(Double(total) / hours), "steps_per_hour": .double(Double(finished) / hours),
            "system_health_score": .double(health), "analysis_period_start": .string(since.description),
            "calculated_at": .string(now.description), "is_sampled": .bool(total >= Self.limit),
            "step_queue_seconds": [
                "p50": Self.seconds(queueTime.quantile(0.5)), "p95": Self.seconds(queueTime.quantile(0.95)),
                "p99": Self.seconds(queueTime.quantile(0.99)),
            ],
            "step_run_seconds": Self.percentiles(runs), "task_duration_seconds": Self.percentiles(tasks),
        ]
    }

    /// - Parameter counts: of all tasks, by state.
    func bottlenecks(limit: Int, minimum: Int, counts: [TaskState: Int], state: LiveState, cacheLimit: Int) -> JSONValue
    {
        let steps = slow(minimum, limit, by: { [$0.namespace, $0.name, $0.version, $1.name] })
        let tasks = slowTasks(minimum, limit)
        return [
            "slow_steps": .array(steps), "slow_tasks": .array(tasks),
            "resource_utilization": [
                "database_pool_utilization": .double(Double(state.cachedTasks) / Double(max(1, cacheLimit))),
                "system_health": .object(
                    Dictionary(
                        TaskState.allCases.map { ($0.rawValue, .number(counts[$0] ?? 0)) }, uniquingKeysWith: { $1 })),
            ],
            "recommendations": .array(recommendations(steps, state).map { .string($0) }),
        ]
    }

    // MARK: -

    private struct Group {
        var durations: [Int64] = []
        var executions = 0
        var errors = 0
        var steps = 0
        var last: Timestamp?

        mutating func note(_ time: Timestamp?) {
            if let time { last = max(last ?? time, time) }
        }
    }

    private func slow(
        _ minimum: Int, _ limit: Int, by key: (TaskTiming, TaskTiming.Step) -> [String]
    ) -> [JSONValue] {
        var groups: [[String]: Group] = [:]
        for task in timings {
            for step in task.steps where step.totalAttempts > 0 {
                var group = groups.removeValue(forKey: key(task, step)) ?? Group()
                group.executions += step.totalAttempts
                // Every attempt but a successful last one has failed.
                group.errors += step.totalAttempts - (step.state.isSatisfied ? 1 : 0)
                if !step.state.isTerminal, step.state != .error { group.errors = max(0, group.errors - 1) }
                if let run = step.runMilliseconds { group.durations.append(run) }
                group.note(step.lastAttemptedAt)
                groups[key(task, step)] = group
            }
        }
        return ranked(groups, minimum, limit).map { key, group in
            var members = Self.members(group)
            members["namespace_name"] = .string(key[0])
            members["task_name"] = .string(key[1])
            members["version"] = .string(key[2])
            members["step_name"] = .string(key[3])
            return .object(members)
        }
    }

    private func slowTasks(_ minimum: Int, _ limit: Int) -> [JSONValue] {
        var groups: [[String]: Group] = [:]
        for task in timings {
            let key = [task.namespace, task.name, task.version]
            var group = groups.removeValue(forKey: key) ?? Group()
            group.executions += 1
            group.steps += task.steps.count
            if task.state == .error || task.state == .blockedByFailures { group.errors += 1 }
            if let duration = task.durationMilliseconds { group.durations.append(duration) }
            group.note(task.updatedAt)
            groups[key] = group
        }
        return ranked(groups, minimum, limit).map { key, group in
            var members = Self.members(group)
            members["namespace_name"] = .string(key[0])
            members["task_name"] = .string(key[1])
            members["version"] = .string(key[2])
            members["average_step_count"] = .double(Double(group.steps) / Double(max(1, group.executions)))
            return .object(members)
        }
    }

    private func ranked(_ groups: [[String]: Group], _ minimum: Int, _ limit: Int) -> [(key: [String], value: Group)] {
        let found = groups.filter { $0.value.executions >= minimum && !$0.value.durations.isEmpty }
        let sorted = found.sorted { left, right in
            let (a, b) = (Self.average(left.value.durations), Self.average(right.value.durations))
            return a == b ? left.key.lexicographicallyPrecedes(right.key) : a > b
        }
        return Array(sorted.prefix(limit))
    }

    private static func members(_ group: Group) -> [String: JSONValue] {
        [
            "average_duration_seconds": .double(average(group.durations)),
            "max_duration_seconds": .double(Double(group.durations.max() ?? 0) / 1000),
            "execution_count": .number(group.executions), "error_count": .number(group.errors),
            "error_rate": .double(Double(group.errors) / Double(max(1, group.executions))),
            "last_executed_at": .time(group.last),
        ]
    }

    private func recommendations(_ steps: [JSONValue], _ state: LiveState) -> [String] {
        var found: [String] = []
        for route in state.routes where route.source == .none && route.waitingSteps > 0 {
            found.append(
                "Start a worker with handler \(route.callable) for namespace \(route.namespace): \(Words.count(route.waitingSteps, "step")) wait for it."
            )
        }
        for queue in state.queues where queue.dispatched > 0 && queue.liveWorkers == 0 {
            found.append(
                "Start a worker on queue \(queue.queue): \(Words.count(queue.dispatched, "step")) wait there and nobody consumes."
            )
        }
        for step in steps where (step["error_rate"]?.doubleValue ?? 0) > 0.2 {
            let share = Int((step["error_rate"]?.doubleValue ?? 0) * 100)
            found.append(
                "Look at step \(step["step_name"]?.stringValue ?? "") of \(step["task_name"]?.stringValue ?? ""): \(share) % of its attempts fail."
            )
        }
        return Array(found.prefix(20))
    }

    private static func average(_ milliseconds: [Int64]) -> Double {
        milliseconds.isEmpty ? 0 : Double(milliseconds.reduce(0, +)) / Double(milliseconds.count) / 1000
    }

    private static func seconds(_ value: Double?) -> JSONValue { value.map { .double($0) } ?? .null }

    /// By the nearest rank.
    private static func percentiles(_ sorted: [Int64]) -> JSONValue {
        func rank(_ share: Double) -> JSONValue {
            guard !sorted.isEmpty else { return .null }
            let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
            return .double(Double(sorted[max(0, min(sorted.count - 1, index))]) / 1000)
        }
        return ["p50": rank(0.5), "p95": rank(0.95), "p99": rank(0.99)]
    }
}

extension TaskTiming {
    /// From creation to the end; nil while it goes on.
    fileprivate var durationMilliseconds: Int64? { completedAt.map { $0.millisecondsSince(createdAt) } }
}
