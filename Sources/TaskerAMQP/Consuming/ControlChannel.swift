import CRabbitMQ
import TaskerMessaging

/// The channel for declarations and look-ups. The broker answers a refused one by closing the channel, so no consumer
/// shares it; it is opened again for the next.
final class ControlChannel {
    struct Operation {
        enum Work {
            case declare([TopologyItem])
            case delete([TopologyItem])
            case inspect(String)
            case purge(String)
        }
        enum Result {
            case done
            case figures(QueueFigures?)
            case failed(BrokerError)
        }

        let work: Work
        /// Declarations the broker has accepted, or refused and passed over, so far; deletions likewise.
        var next = 0
        /// A declaration that was accepted before: what is refused now is told and passed over.
        let isRepetition: Bool
        let finish: (Result) -> Void
    }

    private enum Phase {
        case closed, opening, open
    }

    static let number: UInt16 = 1

    private var connection: AMQPConnection?
    private var phase = Phase.closed
    private var current: Operation?
    private var waiting = FIFO<Operation>()
    /// Called with every item the broker has accepted for the first time.
    private let onDeclared: (TopologyItem) -> Void
    private let onRefusedRepetition: (BrokerError) -> Void

    init(onDeclared: @escaping (TopologyItem) -> Void, onRefusedRepetition: @escaping (BrokerError) -> Void) {
        self.onDeclared = onDeclared
        self.onRefusedRepetition = onRefusedRepetition
    }

    var isIdle: Bool { current == nil && waiting.isEmpty }

    func begin(on connection: AMQPConnection) {
        self.connection = connection
        phase = .closed
        proceed()
    }

    /// Declarations of callers wait for the next connection; the rest ends here.
    func end(reason: String) {
        connection = nil
        var kept: [Operation] = []
        for var operation in [current].compactMap({ $0 }) + waiting.removeAll() {
            switch operation.work {
            case .declare where !operation.isRepetition:
                operation.next = 0
                kept.append(operation)
            case .declare: break
            case .delete, .inspect, .purge: operation.finish(.failed(BrokerError(.disconnected, reason)))
            }
        }
        current = nil
        waiting = FIFO(kept)
    }

    /// Everything that waits fails.
    func abandon(_ error: BrokerError) {
        for operation in [current].compactMap({ $0 }) + waiting.removeAll() { operation.finish(.failed(error)) }
        current = nil
    }

    func add(_ operation: Operation) {
        waiting.push(operation)
        // One at a time: whatever is under way is not sent again, or its second reply would answer the next one.
        if current == nil { proceed() }
    }

    private func proceed() {
        guard let connection else { return }
        if current == nil { current = waiting.pop() }
        guard let operation = current else { return }
        switch phase {
        case .closed:
            phase = .opening
            connection.writer.method(
                UInt32(AMQP_CHANNEL_OPEN_METHOD), on: Self.number,
                amqp_channel_open_t(out_of_band: amqp_bytes_t(len: 0, bytes: nil)))
        case .opening: break
        case .open: send(operation, connection.writer)
        }
    }

    /// All of it at once; the replies come in the same order.
    private func send(_ operation: Operation, _ writer: FrameWriter) {
        switch operation.work {
        case .declare(let items):
            if operation.next >= items.count { return finish(.done) }
            for item in items[operation.next...] { writer.declare(item, on: Self.number) }
        case .delete(let items):
            if operation.next >= items.count { return finish(.done) }
            for item in items[operation.next...] { writer.delete(item, on: Self.number) }
        case .inspect(let queue): writer.declarePassively(queue: queue, on: Self.number)
        case .purge(let queue):
            writer.method(
                UInt32(AMQP_QUEUE_PURGE_METHOD), on: Self.number,
                amqp_queue_purge_t(ticket: 0, queue: writer.text(queue), nowait: 0))
        }
    }

    private func finish(_ result: Operation.Result) {
        let operation = current
        current = nil
        operation?.finish(result)
        if current == nil { proceed() }
    }

    // MARK: Replies

    func receive(_ id: amqp_method_number_t, _ decoded: UnsafeMutableRawPointer) {
        switch Int(id) {
        case Int(AMQP_CHANNEL_OPEN_OK_METHOD):
            phase = .open
            proceed()
        case Int(AMQP_CHANNEL_CLOSE_METHOD):
            let close = decoded.assumingMemoryBound(to: amqp_channel_close_t.self).pointee
            refused(code: Int(close.reply_code), text: String(close.reply_text))
        case Int(AMQP_QUEUE_DECLARE_OK_METHOD):
            let reply = decoded.assumingMemoryBound(to: amqp_queue_declare_ok_t.self).pointee
            if case .inspect = current?.work {
                finish(
                    .figures(QueueFigures(ready: Int(reply.message_count), consumers: Int(reply.consumer_count))))
            } else {
                accepted()
            }
        case Int(AMQP_EXCHANGE_DECLARE_OK_METHOD), Int(AMQP_QUEUE_BIND_OK_METHOD): accepted()
        case Int(AMQP_QUEUE_DELETE_OK_METHOD), Int(AMQP_EXCHANGE_DELETE_OK_METHOD): deleted()
        case Int(AMQP_QUEUE_PURGE_OK_METHOD): finish(.done)
        default: break
        }
    }

    private func accepted() {
        guard let operation = current, case .declare(let items) = operation.work, operation.next < items.count else {
            return
        }
        if !operation.isRepetition { onDeclared(items[operation.next]) }
        current?.next += 1
        if operation.next + 1 == items.count { finish(.done) }
    }

    private func deleted() {
        guard let operation = current, case .delete(let items) = operation.work else { return }
        current?.next += 1
        if operation.next + 1 == items.count { finish(.done) }
    }

    private func refused(code: Int, text: String) {
        connection?.writer.method(UInt32(AMQP_CHANNEL_CLOSE_OK_METHOD), on: Self.number, amqp_channel_close_ok_t())
        phase = .closed
        guard let operation = current else { return }
        switch operation.work {
        case .declare(let items):
            guard operation.next < items.count else { return }
            let error = BrokerError.refused(items[operation.next].subject, replyCode: code, text: text)
            guard operation.isRepetition else { return finish(.failed(error)) }
            onRefusedRepetition(error)
            current?.next += 1
            proceed()
        case .delete(let items):
            guard operation.next < items.count else { return }
            // Older brokers refuse to delete what is not there.
            if code == AMQP_NOT_FOUND {
                current?.next += 1
                return proceed()
            }
            finish(.failed(.refused(items[operation.next].subject, replyCode: code, text: text)))
        case .inspect(let queue), .purge(let queue):
            if case .inspect = operation.work, code == AMQP_NOT_FOUND { return finish(.figures(nil)) }
            finish(.failed(.refused(.consumer(queue: queue), replyCode: code, text: text)))
        }
    }
}
