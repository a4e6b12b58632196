/// What the process tells its caller (command line contract, 2.3). The numbers are API.
public enum ExitStatus: Int32, Sendable, CaseIterable {
    case ok = 0
    /// Also: validation found errors.
    case failure = 1
    /// A task that was waited for ended in `error` or `cancelled`, or rests in `blocked_by_failures`.
    case taskFailed = 2
    case notFound = 3
    case denied = 4
    case timeout = 5
    case unreachable = 6
    case usage = 64
    case interrupted = 130

    /// `worker exec`: a queue exists with other arguments. The number is that of every worker.
    public static let otherQueue = ExitStatus.taskFailed
}
