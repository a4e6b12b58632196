import TaskerProtocol
import TaskerStore

/// A worker as it announced itself.
public struct WorkerInfo: Sendable, Hashable {
    public enum Status: String, Sendable, CaseIterable {
        case active, draining, lost, left
    }

    public var announcement: WorkerAnnouncement
    public var firstSeenAt: Timestamp
    public var lastSeenAt: Timestamp
    public var status: Status

    public var isLive: Bool { status == .active || status == .draining }
}

/// Who is there. Only in memory: workers announce themselves again after the orchestrator's restart, and the table of
/// routes, which is kept, says where messages go meanwhile.
struct WorkerRegistry {
    private(set) var workers: [String: WorkerInfo] = [:]
    private var draining: Set<String> = []
    let silence: Duration

    init(silence: Duration) { self.silence = silence }

    /// Workers that are gone are shown for a while, at most so many.
    static let remembered = 1000

    /// - Returns: true when the worker is new, or back after it had been lost.
    mutating func note(_ announcement: WorkerAnnouncement, at now: Timestamp) -> Bool {
        let id = announcement.worker.id
        let known = workers[id]
        let status: WorkerInfo.Status =
            switch announcement.kind {
            case .bye: .left
            case .hello: .active
            case .heartbeat: announcement.status == .draining ? .draining : .active
            }
        workers[id] = WorkerInfo(
            announcement: announcement, firstSeenAt: known?.firstSeenAt ?? now, lastSeenAt: now, status: status)
        if announcement.kind != .heartbeat { draining.remove(id) }
        trim()
        return announcement.kind != .bye && known?.isLive != true
    }

    /// Marks those unheard for too long.
    /// - Returns: their ids.
    mutating func expire(at now: Timestamp) -> [String] {
        var lost: [String] = []
        for (id, worker) in workers where worker.isLive {
            if now.millisecondsSince(worker.lastSeenAt) >= silence.wholeMilliseconds {
                workers[id]?.status = .lost
                draining.remove(id)
                lost.append(id)
            }
        }
        return lost
    }

    /// Whether this is the first time that a worker is known to drain.
    mutating func beganDraining(_ id: String) -> Bool { draining.insert(id).inserted }

    /// When the next one may be lost.
    var nextExpiry: Timestamp? {
        workers.values.filter(\.isLive).map(\.lastSeenAt).min()?.advanced(by: silence)
    }

    func isLive(_ handler: RoutingTable.Handler, queue: String) -> Bool {
        workers.values.contains { $0.isLive && $0.serves(handler) && $0.announcement.queues.contains(queue) }
    }

    private mutating func trim() {
        guard workers.count > Self.remembered else { return }
        let gone = workers.filter { !$0.value.isLive }.sorted { $0.value.lastSeenAt < $1.value.lastSeenAt }
        for (id, _) in gone.prefix(workers.count - Self.remembered) { workers[id] = nil }
    }
}

extension WorkerInfo {
    func serves(_ handler: RoutingTable.Handler) -> Bool {
        guard announcement.namespaces.contains(handler.namespace) else { return false }
        guard let callable = handler.callable else { return announcement.anyHandler }
        return announcement.handlers.contains { $0.callable == callable }
    }

    /// Everything a step may be routed by.
    var routes: [RoutingTable.Handler] {
        announcement.namespaces.flatMap { namespace in
            announcement.handlers.map { RoutingTable.Handler(namespace: namespace, callable: $0.callable) }
                + (announcement.anyHandler ? [RoutingTable.Handler(namespace: namespace, callable: nil)] : [])
        }
    }
}
