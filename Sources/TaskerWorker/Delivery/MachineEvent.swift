import TaskerMessaging

/// All that can happen to a worker's deliveries.
enum MachineEvent: Sendable {
    /// The topology is declared: start consuming.
    case begin
    case delivered(Arrival)
    /// The consumers of step queues are cancelled: no delivery can come any more.
    case consumersStopped
    /// A consumer of a step queue runs, for the first time or again.
    case consumerStarted
    /// A consumer's connection, channel or the consumer itself ended: what came in its `epoch` is lost.
    case consumerLost(epoch: UInt64)
    /// The consumer of cancel notices runs: the worker can be announced.
    case controlStarted
    case controlLost
    case publisherReady
    /// Disconnected, or blocked by the broker.
    case publisherAway
    case published(token: UInt64, PublishOutcome)
    case handlerFinished(DispatchID, StepResultMessage)
    case cancelNotice(DispatchID)
    /// The name of the queue for pages of dependency results; nil when it is gone.
    case replyQueue(String?)
    case page(StepDependencies)
    case handlersChanged
    case timer(MachineTimer)
    /// SIGTERM: drain and leave.
    case shutdown(reason: String)
}

/// One message from a step queue, read as far as it can be.
struct Arrival: Sendable {
    enum Content: Sendable {
        case step(StepExecute, trace: [String: HeaderValue], isHandlerKnown: Bool)
        case unreadable(UnreadableMessage)
    }

    var tag: DeliveryTag
    /// The `redelivered` flag or a delivery count of at least 1.
    var wasDeliveredBefore: Bool
    var deliveryCount: Int64?
    var content: Content
}

/// A message nobody can use: copied to the dead letters and, when its sender can be told, answered.
struct UnreadableMessage: Sendable, Hashable {
    var error: WireError
    var body: [UInt8]
    var properties: MessageProperties
    /// The queue it came from.
    var origin: String
}

enum MachineTimer: Hashable, Sendable {
    /// A delivery has waited long enough for a slot.
    case waited(DispatchID)
    /// A delivery lost before it started is forgotten.
    case parked(DispatchID)
    /// A delivery must not be held longer.
    case acknowledgeBy(DispatchID)
    case heartbeat(DispatchID)
    case timeout(DispatchID)
    /// Publish a kept answer again.
    case answerAgain(DispatchID)
    /// Publish the heartbeat before an early ack again.
    case detachAgain(DispatchID)
    /// Ask for the page again.
    case fetchAgain(DispatchID)
    /// Publish what is missing for an unreadable message again.
    case refuseAgain(UInt64)
    case publisherAway
    case announce
    /// An announcement came back.
    case helloAgain
    /// The grace period of a shutdown is over.
    case grace
    /// Nothing is tried any longer.
    case lastCall
}
