import CRabbitMQ
import TaskerMessaging

/// The publishing connection: one channel in confirm mode.
final class PublisherRole: ConnectionRole {
    struct Command: Sendable {
        let messages: [OutgoingMessage]
        let completion: @Sendable ([PublishResult]) -> Void
    }

    static let purpose = "publisher"
    private static let channel: UInt16 = 1
    /// Bytes that are encoded ahead of what the socket takes.
    private static let writeAhead = 512 * 1024

    private let window: Int
    private let queue: CommandQueue<Command>
    private let epochs: Counter
    private let report: (LinkState) -> Void
    private let onMissingExchange: () -> Void

    private var connection: AMQPConnection?
    private var epoch: UInt64 = 0
    /// The channel is in confirm mode.
    private var isReady = false
    private var blockedReason: String?
    private var waiting = FIFO<(message: OutgoingMessage, batch: PublishBatch)>()
    private var unconfirmed = PublishWindow()
    private var content = ContentAssembler<amqp_basic_return_t.Copy>()

    /// - Parameters:
    ///   - window: the most unconfirmed messages.
    ///   - queue: opened while messages can be taken.
    ///   - onMissingExchange: a message named an exchange that does not exist.
    init(
        window: Int, queue: CommandQueue<Command>, epochs: Counter, report: @escaping (LinkState) -> Void,
        onMissingExchange: @escaping () -> Void
    ) {
        self.window = window
        self.queue = queue
        self.epochs = epochs
        self.report = report
        self.onMissingExchange = onMissingExchange
    }

    var isIdle: Bool { waiting.isEmpty && unconfirmed.count == 0 }
    var nextTimer: ContinuousClock.Instant? { nil }
    func serveTimers(now: ContinuousClock.Instant) {}

    func begin(on connection: AMQPConnection) {
        self.connection = connection
        epoch = epochs.next()
        blockedReason = nil
        openChannel()
    }

    private func openChannel() {
        isReady = false
        content = ContentAssembler()
        connection?.writer.method(
            UInt32(AMQP_CHANNEL_OPEN_METHOD), on: Self.channel,
            amqp_channel_open_t(out_of_band: amqp_bytes_t(len: 0, bytes: nil)))
    }

    func perform(_ command: Command) {
        let batch = PublishBatch(count: command.messages.count, completion: command.completion)
        if connection == nil || blockedReason != nil {
            for message in command.messages { unconfirmed.report(batch, message.token, .notSent) }
            unconfirmed.reportOutcomes()
        } else {
            for message in command.messages { waiting.push((message, batch)) }
        }
    }

    func fill() {
        guard isReady, blockedReason == nil, let writer = connection?.writer else { return }
        while unconfirmed.count < window, writer.pendingCount < Self.writeAhead, let (message, batch) = waiting.pop() {
            switch writer.publish(message, on: Self.channel) {
            case nil:
                unconfirmed.append(message, of: batch, end: writer.encodedTotal)
            case .longName:
                // No queue can have such a name.
                unconfirmed.report(batch, message.token, .returned(code: 312, text: "NO_ROUTE (name over 255 bytes)"))
            case .largeProperties:
                unconfirmed.report(
                    batch, message.token,
                    .returned(code: 311, text: "CONTENT_TOO_LARGE (headers do not fit into a frame)"))
            }
        }
        unconfirmed.reportOutcomes()
    }

    func endBurst() { unconfirmed.reportOutcomes() }

    func end(reason: String, written: UInt64) {
        connection = nil
        isReady = false
        unconfirmed.fail(written: written)
        refuseWaiting()
        report(.down(reason: reason))
    }

    private func refuseWaiting() {
        for (message, batch) in waiting.removeAll() { unconfirmed.report(batch, message.token, .notSent) }
        unconfirmed.reportOutcomes()
    }

    func receiveBlocked(reason: String?) {
        blockedReason = reason
        queue.setOpen(reason == nil && isReady)
        if let reason {
            refuseWaiting()
            report(.blocked(reason: reason))
        } else if isReady {
            report(.up(epoch: epoch))
        }
    }

    // MARK: Frames

    func receive(channel: UInt16, _ frame: Frame) throws(ConnectionLost) {
        switch frame {
        case .method(let id, let decoded): receive(id, decoded)
        case .header(let bodyCount, let properties):
            if let message = content.header(bodyCount: bodyCount, properties: properties) { receive(message) }
        case .body(let bytes):
            if let message = content.body(bytes) { receive(message) }
        case .heartbeat: break
        }
    }

    private func receive(_ id: amqp_method_number_t, _ decoded: UnsafeMutableRawPointer) {
        switch Int(id) {
        case Int(AMQP_BASIC_ACK_METHOD):
            let ack = decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
            unconfirmed.settle(ack.delivery_tag, multiple: ack.multiple.isTrue, outcome: .confirmed)
        case Int(AMQP_BASIC_NACK_METHOD):
            let nack = decoded.assumingMemoryBound(to: amqp_basic_nack_t.self).pointee
            unconfirmed.settle(nack.delivery_tag, multiple: nack.multiple.isTrue, outcome: .nacked)
        case Int(AMQP_BASIC_RETURN_METHOD):
            content.method(.init(decoded.assumingMemoryBound(to: amqp_basic_return_t.self).pointee))
        case Int(AMQP_CHANNEL_OPEN_OK_METHOD):
            connection?.writer.method(
                UInt32(AMQP_CONFIRM_SELECT_METHOD), on: Self.channel, amqp_confirm_select_t(nowait: 0))
        case Int(AMQP_CONFIRM_SELECT_OK_METHOD):
            isReady = true
            if blockedReason == nil {
                queue.setOpen(true)
                report(.up(epoch: epoch))
            }
        case Int(AMQP_CHANNEL_CLOSE_METHOD):
            channelClosed(decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee.reply_code)
        default: break
        }
    }

    /// What was written on the channel is in doubt; what was not is written on its successor.
    private func channelClosed(_ code: UInt16) {
        guard let connection else { return }
        unconfirmed.fail(written: .max)
        connection.writer.method(UInt32(AMQP_CHANNEL_CLOSE_OK_METHOD), on: Self.channel, amqp_channel_close_ok_t())
        openChannel()
        if code == AMQP_NOT_FOUND { onMissingExchange() }
    }

    private func receive(_ returned: ContentAssembler<amqp_basic_return_t.Copy>.Content) {
        unconfirmed.markReturned(
            exchange: returned.method.exchange, routingKey: returned.method.routingKey,
            messageID: returned.properties.messageID, bodyCount: returned.body.count,
            outcome: .returned(code: returned.method.code, text: returned.method.text))
    }
}

extension amqp_basic_return_t {
    /// What of it outlives the frame.
    struct Copy {
        let code: Int
        let text: String
        let exchange: String
        let routingKey: String

        init(_ method: amqp_basic_return_t) {
            code = Int(method.reply_code)
            text = String(method.reply_text)
            exchange = String(method.exchange)
            routingKey = String(method.routing_key)
        }
    }
}
