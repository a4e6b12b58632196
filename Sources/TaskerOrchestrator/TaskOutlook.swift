import TaskerEngine
import TaskerProtocol
import TaskerStore

/// What only the coordinator knows of a task: leases and heartbeats, which no store keeps, and the queues ahead of it.
public struct TaskOutlook: Sendable {
    /// As it is in memory; nil when it is not there, and the store's copy tells all that is known.
    public var task: WorkflowTask?
    public var state: LiveState
    /// Per step in its queue: messages published before it that nobody has begun or answered.
    public var ahead: [StepID: Int]
}

extension Coordinator {
    func outlook(of id: TaskID) -> TaskOutlook {
        let task = cache[id]?.task
        let mine = open.filter { $0.value.task == id && $0.value.state == .enqueued && $0.value.publishSequence > 0 }
        var ahead: [StepID: Int] = [:]
        if !mine.isEmpty {
            let queues = Set(mine.values.compactMap(\.queue))
            var waiting: [String: [Int64]] = [:]
            for info in open.values where info.state == .enqueued && !info.wasSeen && info.publishSequence > 0 {
                if let queue = info.queue, queues.contains(queue) {
                    waiting[queue, default: []].append(info.publishSequence)
                }
            }
            for (step, info) in mine {
                ahead[step] = info.queue.flatMap { waiting[$0] }?.count { $0 < info.publishSequence } ?? 0
            }
        }
        return TaskOutlook(task: task, state: snapshot(), ahead: ahead)
    }
}
