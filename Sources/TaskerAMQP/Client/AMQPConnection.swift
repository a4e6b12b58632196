import CRabbitMQ
import Glibc
import TaskerMessaging

/// One connection, logged in. With its reader, its writer and ``TCPConnect`` it is the only place that calls librabbitmq
/// (and OpenSSL), and it lives on the one thread that made it.
///
/// librabbitmq connects, does TLS and the login, and encodes and decodes; bytes are moved here, without ever waiting, so
/// that heartbeats, `connection.blocked` and shutdown are served while the broker does not read.
final class AMQPConnection {
    private let handle: amqp_connection_state_t
    let descriptor: Int32
    private let session: OpaquePointer?
    let writer: FrameWriter
    private let reader: FrameReader
    /// What the broker calls its version; nil when it tells none.
    let serverVersion: String?
    /// nil = none was agreed.
    private let heartbeat: Duration?
    private var lastSent = ContinuousClock.now
    private var lastReceived = ContinuousClock.now
    /// TLS may hold bytes for which the socket is never readable again.
    private(set) var mayHaveMoreInput = false
    /// The socket took only a part of what was to be written.
    private(set) var isWaitingToWrite = false

    /// - Parameter session: OpenSSL's `SSL *`; nil = no TLS.
    init(handle: amqp_connection_state_t, session: OpaquePointer?, frameMax: Int, heartbeat: Duration?) {
        self.handle = handle
        self.session = session
        self.heartbeat = heartbeat
        descriptor = amqp_get_sockfd(handle)
        serverVersion = Self.version(in: amqp_get_server_properties(handle)?.pointee)
        writer = FrameWriter(frameMax: frameMax)
        reader = FrameReader(frameMax: frameMax)
    }

    deinit { amqp_destroy_connection(handle) }

    private static func version(in properties: amqp_table_t?) -> String? {
        guard let properties else { return nil }
        for index in 0..<Int(properties.num_entries) where String(properties.entries[index].key) == "version" {
            if case .string(let version) = HeaderValue(properties.entries[index].value) { return version }
        }
        return nil
    }

    /// Writes what the socket takes now.
    func flush() throws(ConnectionLost) {
        isWaitingToWrite = false
        while writer.pendingCount > 0 {
            let pending = writer.pending
            let count = tasker_write(descriptor, session, pending.baseAddress, pending.count)
            if count == Int(TASKER_IO_WOULD_BLOCK) {
                isWaitingToWrite = true
                return
            }
            guard count >= 0 else { throw lost(count) }
            writer.wrote(count)
            lastSent = ContinuousClock.now
        }
    }

    /// Hands on the frames that have arrived. Returns after a bounded amount, so that nothing else starves.
    func receive(_ handle: (UInt16, Frame) throws(ConnectionLost) -> Void) throws(ConnectionLost) {
        mayHaveMoreInput = false
        for round in 1...8 {
            let space = reader.space
            let count = tasker_read(descriptor, session, space.baseAddress, space.count)
            if count == Int(TASKER_IO_WOULD_BLOCK) { return }
            guard count >= 0 else { throw lost(count) }
            lastReceived = ContinuousClock.now
            reader.received(count)
            try reader.takeFrames(handle)
            // A socket that gave less than asked for has no more; TLS gives a record at a time.
            if session == nil, count < space.count { return }
            if round == 8 { mayHaveMoreInput = true }
        }
    }

    private func lost(_ status: Int) -> ConnectionLost {
        if status == Int(TASKER_IO_CLOSED) { return ConnectionLost("the broker closed the connection") }
        return ConnectionLost("connection broken: \(errno == 0 ? "TLS error" : SystemError.text(errno))")
    }

    // MARK: Heartbeats

    /// When ``serveHeartbeats(now:)`` has to be called next.
    var nextHeartbeat: ContinuousClock.Instant? {
        heartbeat.map { min(lastSent + $0 / 2, lastReceived + $0 * 2) }
    }

    func serveHeartbeats(now: ContinuousClock.Instant) throws(ConnectionLost) {
        guard let heartbeat else { return }
        // What has arrived while this thread did not run is read first, and counts.
        guard now < lastReceived + heartbeat * 2 else {
            throw ConnectionLost("no sign of life from the broker for \(heartbeat * 2)")
        }
        // Bytes that wait for the socket say the same, once it takes them.
        if now >= lastSent + heartbeat / 2 {
            if writer.pendingCount == 0 { writer.heartbeat() }
            lastSent = now
        }
    }
}
