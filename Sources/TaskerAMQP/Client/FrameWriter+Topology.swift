import CRabbitMQ
import TaskerMessaging

extension FrameWriter {
    func declare(_ item: TopologyItem, on channel: UInt16) {
        switch item {
        case .queue(let name, let arguments):
            method(
                UInt32(AMQP_QUEUE_DECLARE_METHOD), on: channel,
                amqp_queue_declare_t(
                    ticket: 0, queue: text(name), passive: 0, durable: 1, exclusive: 0, auto_delete: 0, nowait: 0,
                    arguments: table(arguments)))
        case .exchange(let name, let kind):
            method(
                UInt32(AMQP_EXCHANGE_DECLARE_METHOD), on: channel,
                amqp_exchange_declare_t(
                    ticket: 0, exchange: text(name), type: text(kind.rawValue), passive: 0, durable: 1, auto_delete: 0,
                    internal: 0, nowait: 0, arguments: table([:])))
        case .binding(let queue, let exchange, let routingKey):
            bind(queue: queue, exchange: exchange, routingKey: routingKey, on: channel)
        }
    }

    /// A queue or an exchange, whatever is in it and whoever uses it. Not a binding: it ends with either.
    func delete(_ item: TopologyItem, on channel: UInt16) {
        switch item {
        case .queue(let name, _):
            method(
                UInt32(AMQP_QUEUE_DELETE_METHOD), on: channel,
                amqp_queue_delete_t(ticket: 0, queue: text(name), if_unused: 0, if_empty: 0, nowait: 0))
        case .exchange(let name, _):
            method(
                UInt32(AMQP_EXCHANGE_DELETE_METHOD), on: channel,
                amqp_exchange_delete_t(ticket: 0, exchange: text(name), if_unused: 0, nowait: 0))
        case .binding: preconditionFailure("a binding is not deleted by itself")
        }
    }

    func bind(queue: String, exchange: String, routingKey: String, on channel: UInt16) {
        method(
            UInt32(AMQP_QUEUE_BIND_METHOD), on: channel,
            amqp_queue_bind_t(
                ticket: 0, queue: text(queue), exchange: text(exchange), routing_key: text(routingKey), nowait: 0,
                arguments: table([:])))
    }

    func declarePassively(queue: String, on channel: UInt16) {
        method(
            UInt32(AMQP_QUEUE_DECLARE_METHOD), on: channel,
            amqp_queue_declare_t(
                ticket: 0, queue: text(queue), passive: 1, durable: 0, exclusive: 0, auto_delete: 0, nowait: 0,
                arguments: table([:])))
    }

    /// Server-named, exclusive, auto-delete, not durable.
    func declareOwnQueue(on channel: UInt16) {
        method(
            UInt32(AMQP_QUEUE_DECLARE_METHOD), on: channel,
            amqp_queue_declare_t(
                ticket: 0, queue: text(""), passive: 0, durable: 0, exclusive: 1, auto_delete: 1, nowait: 0,
                arguments: table([:])))
    }
}

extension TopologyItem {
    var subject: BrokerError.Subject {
        switch self {
        case .queue(let name, _): .queue(name)
        case .exchange(let name, _): .exchange(name)
        case .binding(let queue, let exchange, _): .binding(queue: queue, exchange: exchange)
        }
    }

    /// The first name too long for AMQP.
    var tooLongName: String? {
        let names: [String] =
            switch self {
            case .queue(let name, let arguments): [name] + arguments.keys
            case .exchange(let name, _): [name]
            case .binding(let queue, let exchange, let routingKey): [queue, exchange, routingKey]
            }
        return names.first { $0.utf8.count > 255 }
    }
}
