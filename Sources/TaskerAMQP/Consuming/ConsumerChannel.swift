import CRabbitMQ
import TaskerMessaging

/// One consumer and the channel it has to itself, so that prefetch, acks and the broker's refusals concern it alone.
final class ConsumerChannel {
    enum Phase: Hashable {
        /// Waits for a connection, or for `retryAt`.
        case waiting
        case opening, declaring, binding, limiting, starting
        case running
        case cancelling
        /// Cancelled by the caller, who still holds deliveries.
        case draining
        /// Wants its channel closed and waits for the broker's word.
        case closing
    }

    /// What the channel asks of its owner.
    enum Outcome {
        case none
        case started
        /// Refused by the broker, or ended by it; the channel is free.
        case ended(code: Int, text: String)
        /// Gone for good; the channel is free.
        case finished
    }

    let id: ConsumerID
    let spec: ConsumedQueue
    private let prefetch: Int
    private let handler: @Sendable (ConsumerEvent) -> Void
    /// Answered at the first start.
    var firstStart: Promise<Void>?
    private var onCancelled: [Promise<Void>] = []

    private(set) var phase = Phase.waiting
    var retryAt: ContinuousClock.Instant?
    private var delay: ReconnectDelay
    private var startedAt: ContinuousClock.Instant?

    private(set) var channel: UInt16 = 0
    private var epoch: UInt64?
    private var queue: String
    private var tracker = AckTracker()
    private var content = ContentAssembler<amqp_basic_deliver_t.Copy>()
    private var group: [Delivery] = []
    private let epochs: Counter

    init(
        id: ConsumerID, spec: ConsumedQueue, prefetch: Int, handler: @escaping @Sendable (ConsumerEvent) -> Void,
        firstStart: Promise<Void>, epochs: Counter, delay: ReconnectDelay
    ) {
        self.id = id
        self.spec = spec
        self.prefetch = prefetch
        self.handler = handler
        self.firstStart = firstStart
        self.epochs = epochs
        self.delay = delay
        queue = if case .named(let name) = spec { name } else { "" }
    }

    private var consumesWithoutAcks: Bool {
        if case .ownExclusive = spec { true } else { false }
    }
    /// The caller has not cancelled it: when its channel ends it starts again.
    private(set) var isWanted = true
    var hasAcks: Bool { tracker.hasAcks }

    /// For an error about the first start.
    var subject: BrokerError.Subject {
        switch spec {
        case .named(let name): .consumer(queue: name)
        case .ownExclusive(let exchange?): .binding(queue: "(own)", exchange: exchange)
        case .ownExclusive(nil): .consumer(queue: "(own)")
        }
    }

    // MARK: Starting

    func start(on channel: UInt16, _ writer: FrameWriter) {
        self.channel = channel
        retryAt = nil
        phase = .opening
        tracker = AckTracker()
        content = ContentAssembler()
        writer.method(
            UInt32(AMQP_CHANNEL_OPEN_METHOD), on: channel,
            amqp_channel_open_t(out_of_band: amqp_bytes_t(len: 0, bytes: nil)))
    }

    private func limit(_ writer: FrameWriter) {
        phase = .limiting
        writer.method(
            UInt32(AMQP_BASIC_QOS_METHOD), on: channel,
            amqp_basic_qos_t(prefetch_size: 0, prefetch_count: UInt16(clamping: prefetch), global: 0))
    }

    private func consume(_ writer: FrameWriter) {
        phase = .starting
        writer.method(
            UInt32(AMQP_BASIC_CONSUME_METHOD), on: channel,
            amqp_basic_consume_t(
                ticket: 0, queue: writer.text(queue), consumer_tag: writer.text("consumer-\(id.value)"), no_local: 0,
                no_ack: consumesWithoutAcks ? 1 : 0, exclusive: 0, nowait: 0, arguments: writer.table([:])))
    }

    // MARK: The caller's wishes

    func acknowledge(_ tag: DeliveryTag) {
        guard tag.epoch == epoch else { return }
        tracker.acknowledge(tag.tag)
    }

    func writeAcks(_ writer: FrameWriter) {
        for ack in tracker.takeAcks() {
            writer.method(
                UInt32(AMQP_BASIC_ACK_METHOD), on: channel,
                amqp_basic_ack_t(delivery_tag: ack.tag, multiple: ack.isMultiple ? 1 : 0))
        }
        if phase == .draining, tracker.isEmpty { close(writer) }
    }

    /// - Returns: whether it is gone at once.
    func cancel(_ done: Promise<Void>, _ writer: FrameWriter?) -> Bool {
        isWanted = false
        guard let writer, phase != .waiting else {
            done.fulfil(())
            return true
        }
        switch phase {
        case .draining, .waiting: done.fulfil(())
        case .running:
            onCancelled.append(done)
            phase = .cancelling
            writer.method(
                UInt32(AMQP_BASIC_CANCEL_METHOD), on: channel,
                amqp_basic_cancel_t(consumer_tag: writer.text("consumer-\(id.value)"), nowait: 0))
        case .cancelling: onCancelled.append(done)
        case .closing: onCancelled.append(done)
        case .opening, .declaring, .binding, .limiting, .starting:
            onCancelled.append(done)
            close(writer)
        }
        return false
    }

    private func close(_ writer: FrameWriter) {
        phase = .closing
        writer.method(
            UInt32(AMQP_CHANNEL_CLOSE_METHOD), on: channel,
            amqp_channel_close_t(
                reply_code: UInt16(AMQP_REPLY_SUCCESS), reply_text: writer.text("cancelled"), class_id: 0, method_id: 0)
        )
    }

    private func fulfilCancels() {
        for promise in onCancelled { promise.fulfil(()) }
        onCancelled = []
    }

    // MARK: Frames

    func receive(_ frame: Frame, _ writer: FrameWriter) throws(ConnectionLost) -> Outcome {
        switch frame {
        case .method(let id, let decoded): return receive(id, decoded, writer)
        case .header(let bodyCount, let properties):
            if let message = content.header(bodyCount: bodyCount, properties: properties) { try receive(message) }
        case .body(let bytes):
            if let message = content.body(bytes) { try receive(message) }
        case .heartbeat: break
        }
        return .none
    }

    private func receive(
        _ id: amqp_method_number_t, _ decoded: UnsafeMutableRawPointer, _ writer: FrameWriter
    ) -> Outcome {
        switch (Int(id), phase) {
        case (Int(AMQP_BASIC_DELIVER_METHOD), _):
            content.method(.init(decoded.assumingMemoryBound(to: amqp_basic_deliver_t.self).pointee, &content.texts))
        case (Int(AMQP_CHANNEL_OPEN_OK_METHOD), .opening):
            if consumesWithoutAcks {
                phase = .declaring
                writer.declareOwnQueue(on: channel)
            } else {
                limit(writer)
            }
        case (Int(AMQP_QUEUE_DECLARE_OK_METHOD), .declaring):
            queue = String(decoded.assumingMemoryBound(to: amqp_queue_declare_ok_t.self).pointee.queue)
            if case .ownExclusive(let exchange?) = spec {
                phase = .binding
                writer.bind(queue: queue, exchange: exchange, routingKey: "", on: channel)
            } else {
                limit(writer)
            }
        case (Int(AMQP_QUEUE_BIND_OK_METHOD), .binding): limit(writer)
        case (Int(AMQP_BASIC_QOS_OK_METHOD), .limiting): consume(writer)
        case (Int(AMQP_BASIC_CONSUME_OK_METHOD), .starting):
            phase = .running
            startedAt = .now
            let epoch = epochs.next()
            self.epoch = epoch
            handler(.started(epoch: epoch, queue: queue))
            firstStart?.fulfil(())
            firstStart = nil
            return .started
        case (Int(AMQP_BASIC_CANCEL_OK_METHOD), .cancelling):
            reportDeliveries()
            fulfilCancels()
            phase = .draining
            if tracker.isEmpty { close(writer) }
        case (Int(AMQP_BASIC_CANCEL_METHOD), .running):
            // The queue was deleted, or its leader is gone. The broker has forgotten what was unacked.
            close(writer)
            lost("the broker ended the consumer of '\(queue)' (the queue was deleted or is not available)")
        case (Int(AMQP_CHANNEL_CLOSE_METHOD), _):
            let close = decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
            writer.method(UInt32(AMQP_CHANNEL_CLOSE_OK_METHOD), on: channel, amqp_channel_close_ok_t())
            return channelEnded(code: Int(close.reply_code), text: String(close.reply_text))
        case (Int(AMQP_CHANNEL_CLOSE_OK_METHOD), .closing):
            return channelEnded(code: 0, text: "")
        default: break
        }
        return .none
    }

    private func channelEnded(code: Int, text: String) -> Outcome {
        lost(text)
        phase = .waiting
        fulfilCancels()
        return isWanted ? .ended(code: code, text: text) : .finished
    }

    /// What is held unacked is worthless now.
    private func lost(_ reason: String) {
        group = []
        tracker = AckTracker()
        guard let epoch else { return }
        self.epoch = nil
        handler(.lost(epoch: epoch, reason: reason))
    }

    /// - Returns: whether it is to start again.
    func connectionEnded(_ reason: String) -> Bool {
        lost(reason)
        phase = .waiting
        retryAt = nil
        startedAt = nil
        fulfilCancels()
        return isWanted
    }

    /// After the broker has ended or refused it.
    func scheduleRetry() {
        retryAt = .now + delay.next(lasted: startedAt?.duration(to: .now))
        startedAt = nil
    }

    // MARK: Deliveries

    private func receive(_ message: ContentAssembler<amqp_basic_deliver_t.Copy>.Content) throws(ConnectionLost) {
        guard let epoch else { return }
        if !consumesWithoutAcks {
            guard tracker.delivered(message.method.tag) else {
                throw ConnectionLost("the broker sent a delivery out of order")
            }
        }
        var deliveryCount: Int64?
        if case .integer(let count)? = message.properties.headers["x-delivery-count"] { deliveryCount = count }
        group.append(
            Delivery(
                tag: DeliveryTag(epoch: epoch, consumer: id, tag: message.method.tag), body: message.body,
                properties: message.properties, isRedelivered: message.method.isRedelivered,
                deliveryCount: deliveryCount, exchange: message.method.exchange, routingKey: message.method.routingKey))
    }

    /// Hands on what has arrived.
    func reportDeliveries() {
        guard !group.isEmpty else { return }
        let deliveries = group
        group = []
        handler(.deliveries(deliveries))
    }
}

extension amqp_basic_deliver_t {
    /// What of it outlives the frame.
    struct Copy {
        let tag: UInt64
        let isRedelivered: Bool
        let exchange: String
        let routingKey: String

        init(_ method: amqp_basic_deliver_t, _ texts: inout TextCache) {
            tag = method.delivery_tag
            isRedelivered = method.redelivered.isTrue
            exchange = texts[.exchange, method.exchange]
            routingKey = texts[.routingKey, method.routing_key]
        }
    }
}
