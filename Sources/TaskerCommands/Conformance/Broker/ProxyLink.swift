#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// One connection of a worker and its continuation to the broker.
struct ProxyLink {
    enum Side { case worker, broker }

    /// More than this waiting for one side, and nothing more is read from the other.
    private static let most = 4 * 1024 * 1024

    let worker: Int32
    let broker: Int32
    private var toWorker: [UInt8] = []
    private var toBroker: [UInt8] = []
    private var fromWorker = FrameCutter()
    private var fromBroker = FrameCutter()
    private var ledger = DeliveryLedger()
    /// What the worker has sent since it was blocked.
    private var held: [AMQPFrame]?
    /// The worker has said that it understands `connection.blocked`.
    private var wantsToKnow = false
    /// A side has ended: what waits for the other one is still written.
    private var isEnding = false

    init(worker: Int32, broker: Int32) {
        self.worker = worker
        self.broker = broker
    }

    func unacknowledged(in queue: String) -> Int { ledger.unacknowledged(in: queue) }

    /// Which readiness matters now.
    func events(of side: Side) -> Int16 {
        let (waiting, forOther) = side == .worker ? (toWorker, toBroker) : (toBroker, toWorker)
        var events: Int32 = 0
        if !isEnding, forOther.count < Self.most { events |= Int32(POLLIN) }
        if !waiting.isEmpty { events |= Int32(POLLOUT) }
        return Int16(events)
    }

    /// Reads and writes what can be without waiting.
    /// - Returns: false when there is nothing left to do for it.
    mutating func serve(_ side: Side, _ ready: Int16, isBlocked: Bool) -> Bool {
        if Int32(ready) & Int32(POLLIN | POLLHUP | POLLERR) != 0, !isEnding {
            switch Sockets.read(side == .worker ? worker : broker) {
            case .bytes(let bytes): take(bytes, from: side, isBlocked: isBlocked)
            case .nothingNow: break
            case .ended: isEnding = true
            }
        }
        let isWritten =
            Sockets.write(&toWorker, to: worker) && Sockets.write(&toBroker, to: broker)
        return isWritten && !(isEnding && toWorker.isEmpty && toBroker.isEmpty)
    }

    private mutating func take(_ bytes: ArraySlice<UInt8>, from side: Side, isBlocked: Bool) {
        switch side {
        case .broker:
            for frame in fromBroker.push(bytes) {
                ledger.received(frame)
                toWorker += frame.bytes
            }
        case .worker:
            for frame in fromWorker.push(bytes) {
                if frame.method == .startOK { wantsToKnow = frame.bytes.isCapable(of: "connection.blocked") }
                // As RabbitMQ does it: whoever publishes is told, and not read from any more.
                if isBlocked, held == nil, frame.method == .publish {
                    held = []
                    if wantsToKnow { toWorker += AMQPFrame(.blocked, text: "low on memory").bytes }
                }
                // Signs of life are passed on: the broker takes silence for death.
                if held != nil, frame.kind != .heartbeat { held?.append(frame) } else { pass(frame) }
            }
        }
    }

    private mutating func pass(_ frame: AMQPFrame) {
        ledger.sent(frame)
        toBroker += frame.bytes
    }

    mutating func unblock() {
        guard let frames = held else { return }
        held = nil
        if wantsToKnow { toWorker += AMQPFrame(.unblocked).bytes }
        for frame in frames { pass(frame) }
    }

    func close() {
        Sockets.close(worker)
        Sockets.close(broker)
    }
}

extension [UInt8] {
    /// A client's table of capabilities holds this name with the value true.
    fileprivate func isCapable(of name: String) -> Bool {
        let wanted = [UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(ascii: "t"), 1]
        return indices.contains { self[$0...].starts(with: wanted) }
    }
}
