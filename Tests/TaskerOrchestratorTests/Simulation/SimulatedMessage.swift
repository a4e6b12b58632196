import TaskerMessaging
import TaskerProtocol

/// A message as the simulated broker holds it. What it is about is told by its sender, so that checks need not read it.
final class SimulatedMessage {
    enum About {
        case execute(DispatchID)
        case answer(DispatchID, StepResultMessage.Status)
        case heartbeat(DispatchID, isDetached: Bool)
        case marker
        case request(String)
        case garbage
        case other
    }

    let body: [UInt8]
    let properties: MessageProperties
    let exchange: String
    let routingKey: String
    let about: About
    /// Its place in its queue: a message that comes back takes its old place.
    let position: Int
    let arrivedAt: Int64
    var deliveryCount = 0

    init(_ message: OutgoingMessage, about: About, position: Int, at time: Int64) {
        body = message.body
        properties = message.properties
        exchange = message.exchange
        routingKey = message.routingKey
        self.about = about
        self.position = position
        arrivedAt = time
    }

    /// The dispatch whose step message this is.
    var executed: DispatchID? { if case .execute(let id) = about { id } else { nil } }
}

extension SimulatedMessage.About {
    /// What a message of the orchestrator is, by its properties.
    static func orchestrator(_ message: OutgoingMessage) -> Self {
        switch message.properties.type {
        case MessageKind.amqpType(MessageKind.stepExecute):
            message.properties.messageID.flatMap { DispatchID($0) }.map { .execute($0) } ?? .other
        case MessageKind.amqpType(MessageKind.marker): .marker
        default: .other
        }
    }

    var text: String {
        switch self {
        case .execute(let id): "execute \(id.short)"
        case .answer(let id, let status): "\(status.rawValue) \(id.short)"
        case .heartbeat(let id, let isDetached): "heartbeat \(id.short)\(isDetached ? " detached" : "")"
        case .marker: "marker"
        case .request(let key): "request \(key)"
        case .garbage: "garbage"
        case .other: "other"
        }
    }
}
