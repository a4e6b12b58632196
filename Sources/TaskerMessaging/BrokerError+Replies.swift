/// Errors from the broker's replies, in words both implementations share.
extension BrokerError {
    /// What the broker said no to.
    package enum Subject: Sendable, Hashable {
        case queue(String)
        case exchange(String)
        case binding(queue: String, exchange: String)
        case consumer(queue: String)
        case connection(String)

        var text: String {
            switch self {
            case .queue(let name): "queue '\(name)' could not be declared"
            case .exchange(let name): "exchange '\(name)' could not be declared"
            case .binding(let queue, let exchange): "queue '\(queue)' could not be bound to exchange '\(exchange)'"
            case .consumer(let queue): "queue '\(queue)' could not be consumed"
            case .connection(let address): "\(address) refused the connection"
            }
        }
    }

    /// - Parameters:
    ///   - replyCode: AMQP's code of the close, 0 when the broker gave none.
    ///   - text: the broker's own words.
    package static func refused(_ subject: Subject, replyCode: Int, text: String) -> BrokerError {
        // A sentence of ours follows, with a full stop of its own.
        let message = "\(subject.text): \(text.hasSuffix(".") ? String(text.dropLast()) : text)"
        switch (replyCode, subject) {
        case (406, .queue(let name)):
            return BrokerError(
                .preconditionFailed, message,
                remedy: "It was declared with other arguments before: start every program with the same "
                    + "TASKER_QUEUE_TYPE and version, or choose another TASKER_QUEUE_PREFIX, or delete the queue with the "
                    + "messages in it (rabbitmqctl delete_queue '\(name)')")
        case (406, .exchange):
            return BrokerError(
                .preconditionFailed, message,
                remedy: "It was declared as another kind before: delete the exchange, or choose another "
                    + "TASKER_QUEUE_PREFIX")
        case (406, _):
            return BrokerError(.preconditionFailed, message)
        case (403, .connection), (530, .connection):
            return BrokerError(
                .accessRefused, message,
                remedy: "Check user, password and virtual host in TASKER_AMQP_URL (rabbitmqctl list_users, "
                    + "list_permissions)")
        case (403, _):
            return BrokerError(
                .accessRefused, message,
                remedy: "Give the user of TASKER_AMQP_URL the permission (rabbitmqctl set_permissions)")
        case (404, .binding), (404, .consumer):
            return BrokerError(.notFound, message, remedy: "Declare the queue and its exchange first")
        case (404, _):
            return BrokerError(.notFound, message)
        case (405, _):
            return BrokerError(
                .resourceLocked, message, remedy: "Another connection holds it exclusively: end that program first")
        default:
            return BrokerError(.unexpected, message)
        }
    }

    package static func shutDown(_ doing: String) -> BrokerError {
        BrokerError(.cancelled, "the broker connection was shut down before \(doing)")
    }
}
