/// What a connection holds unacknowledged, read off its frames: exact and at once, and without the broker's own tools.
struct DeliveryLedger {
    private struct Channel {
        /// Of consumers that ack, by tag.
        var queues: [String: String] = [:]
        /// Queues of consumers and gets that the broker has not answered yet, in their order.
        var starting: [(queue: String, acks: Bool)] = []
        var getting: [(queue: String, acks: Bool)] = []
        /// Queues by delivery tag.
        var held: [UInt64: String] = [:]
    }

    private var channels: [UInt16: Channel] = [:]

    func unacknowledged(in queue: String) -> Int {
        channels.values.reduce(0) { $0 + $1.held.values.count { $0 == queue } }
    }

    /// A frame on its way to the broker.
    mutating func sent(_ frame: AMQPFrame) {
        var arguments = frame.arguments
        switch frame.method {
        case .consume:
            arguments.skip(2)
            let queue = arguments.text()
            let tag = arguments.text()
            let flags = arguments.byte()
            let acks = flags & 0b0010 == 0
            let isAnswered = flags & 0b1000 == 0
            if isAnswered {
                channels[frame.channel, default: Channel()].starting.append((queue, acks))
            } else if acks {
                channels[frame.channel, default: Channel()].queues[tag] = queue
            }
        case .get:
            arguments.skip(2)
            let queue = arguments.text()
            channels[frame.channel, default: Channel()].getting.append((queue, arguments.byte() & 1 == 0))
        case .ack, .nack: settle(frame.channel, arguments.number(), upTo: arguments.byte() & 1 == 1)
        case .reject: settle(frame.channel, arguments.number(), upTo: false)
        case .channelClose, .channelCloseOK: channels[frame.channel] = nil
        default: break
        }
    }

    /// A frame on its way to the worker.
    mutating func received(_ frame: AMQPFrame) {
        var arguments = frame.arguments
        switch frame.method {
        case .consumeOK:
            guard let start = popFirst(frame.channel, \.starting), start.acks else { return }
            channels[frame.channel]?.queues[arguments.text()] = start.queue
        case .deliver:
            let consumer = arguments.text()
            guard let queue = channels[frame.channel]?.queues[consumer] else { return }
            channels[frame.channel]?.held[arguments.number()] = queue
        case .getOK:
            guard let get = popFirst(frame.channel, \.getting), get.acks else { return }
            channels[frame.channel]?.held[arguments.number()] = get.queue
        case .getEmpty: _ = popFirst(frame.channel, \.getting)
        case .channelClose, .channelCloseOK: channels[frame.channel] = nil
        default: break
        }
    }

    private mutating func popFirst(
        _ channel: UInt16, _ list: WritableKeyPath<Channel, [(queue: String, acks: Bool)]>
    ) -> (queue: String, acks: Bool)? {
        guard let first = channels[channel]?[keyPath: list].first else { return nil }
        channels[channel]?[keyPath: list].removeFirst()
        return first
    }

    /// Tag 0 with `upTo` is every one.
    private mutating func settle(_ channel: UInt16, _ tag: UInt64, upTo: Bool) {
        if upTo {
            let held = channels[channel]?.held ?? [:]
            channels[channel]?.held = held.filter { tag != 0 && $0.key > tag }
        } else {
            channels[channel]?.held[tag] = nil
        }
    }
}
