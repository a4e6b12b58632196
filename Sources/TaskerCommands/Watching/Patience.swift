/// How long a server may be away: until `--timeout`, or for a minute.
struct Patience {
    static let pause: Duration = .milliseconds(500)
    private static let limit: Duration = .seconds(60)

    private let follower: TaskFollower
    private var away: (since: ContinuousClock.Instant, error: CommandError)?

    init(_ follower: TaskFollower) { self.follower = follower }

    /// The server has answered.
    mutating func restore() { away = nil }

    /// - Throws: the error itself, unless it only says that the server is not there now.
    mutating func bear(_ error: CommandError) throws {
        guard error.status == .unreachable || error.status == .timeout else { throw error }
        if away == nil, !isOver {
            try follower.context.printer.detail("the server is away; waiting for it")
        }
        // A request that the end of the time has cut off tells nothing about the server.
        if error.status == .unreachable || away == nil && !isOver { away = (away?.since ?? .now, error) }
        try check()
    }

    /// - Throws: timeout or unreachable, when the time is over.
    func check() throws(CommandError) {
        if let away, follower.client.deadline == nil, away.since.duration(to: .now) > Self.limit {
            throw named(away.error)
        }
        guard isOver else { return }
        if let away, away.error.status == .unreachable { throw named(away.error) }
        throw CommandError(
            .timeout, code: "timeout", "the time is over and task \(follower.id) still goes on",
            hint:
                "follow it with 'tasker-ctl task watch \(follower.id)', or ask 'tasker-ctl why \(follower.id)'")
    }

    /// The task may go on all the same.
    private func named(_ error: CommandError) -> CommandError {
        var error = error
        let next = "when it is back: 'tasker-ctl task watch \(follower.id)'"
        error.hint = error.hint.map { "\($0)\n\(next)" } ?? next
        return error
    }

    private var isOver: Bool { follower.client.deadline.map { ContinuousClock.now >= $0 } ?? false }
}
