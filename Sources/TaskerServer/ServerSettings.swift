import TaskerProtocol
import TaskerStore

/// What the HTTP side may be told. Defaults are those of the REST contract.
public struct ServerSettings: Sendable {
    /// Answers only requests for a loopback name: the server is bound to loopback and has no authentication, and a web
    /// page must not reach it under a name of its own.
    public var checksHost = true
    /// `/config` answers.
    public var exposesConfiguration = false
    /// Open connections.
    public var connections = 10_000
    /// Within which the headers of a request that has begun must have come.
    public var headerTimeout: Duration = .seconds(10)
    /// Within which a request's body must have come.
    public var bodyTimeout: Duration = .seconds(30)
    public var version = "0.1.0"
    /// Answers to POSTs with an idempotency key.
    public var replays = ReplayRetention()

    /// Open event streams.
    public var eventReaders = 2000
    /// Events that a reader may be behind before it is dropped.
    public var eventBacklog = 10_000
    /// Newest events that a reader can resume from.
    public var eventRetention: Int64 = 200_000
    /// Events read from the store at once.
    public var eventPage = 500
    public var eventHeartbeat: Duration = .seconds(15)

    public init() {}
}
