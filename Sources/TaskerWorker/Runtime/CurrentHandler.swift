import Synchronization

/// The handler that runs, to be told to stop from elsewhere.
final class CurrentHandler: Sendable {
    private let handler = Mutex<(link: HandlerLink, task: Task<StepRunner.Run, Never>)?>(nil)

    func set(_ link: HandlerLink, _ task: Task<StepRunner.Run, Never>) { handler.withLock { $0 = (link, task) } }
    func clear() { handler.withLock { $0 = nil } }

    func stop(_ reason: StopReason) {
        let handler = handler.withLock { $0 }
        handler?.link.stop(reason)
        handler?.task.cancel()
    }
}
