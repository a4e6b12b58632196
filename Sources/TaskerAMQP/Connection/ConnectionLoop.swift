import CRabbitMQ
import Glibc
import Synchronization
import TaskerMessaging

/// The thread of one connection: connects, moves bytes, and connects again for ever.
final class ConnectionLoop<Role: ConnectionRole> {
    /// What the rest of the program tells the thread beside the role's commands.
    final class Control: Sendable {
        fileprivate struct State {
            var isDraining = false
            var isStopped = false
            var dropReason: String?
        }

        let queue = CommandQueue<Role.Command>()
        fileprivate let state = Mutex(State())

        /// Ends the connection and the thread when the role is idle.
        func drain() { change { $0.isDraining = true } }
        /// Ends them now.
        func stop() { change { $0.isStopped = true } }
        /// Breaks the connection as a network failure would.
        func drop(reason: String) { change { $0.dropReason = reason } }

        private func change(_ change: (inout State) -> Void) {
            state.withLock { change(&$0) }
            queue.wakeup.signal()
        }
    }

    private enum Ending: Error {
        case lost(ConnectionLost)
        case stopped
    }

    private let configuration: AMQPConfiguration
    private let control: Control
    private let role: Role
    private let onLogin: (AMQPConnection) -> Void
    private let report: (ConnectionLost, _ isFinal: Bool) -> Void
    private var hasBeenConnected = false
    private var closeReply: (code: Int, text: String)?
    private var isCloseConfirmed = false

    /// - Parameters:
    ///   - onLogin: told of every connection made, before its role is.
    ///   - report: told why there is no connection. A refusal at the first one is final and ends the thread.
    init(
        _ configuration: AMQPConfiguration, control: Control, role: Role,
        onLogin: @escaping (AMQPConnection) -> Void = { _ in },
        report: @escaping (ConnectionLost, _ isFinal: Bool) -> Void
    ) {
        self.configuration = configuration
        self.control = control
        self.role = role
        self.onLogin = onLogin
        self.report = report
    }

    func run() {
        var delay = ReconnectDelay(
            minimum: configuration.minimumReconnectDelay, maximum: configuration.maximumReconnectDelay)
        let idle = Idle(wakeup: control.queue.wakeup) { [unowned self] in serveWhileAway() }
        while serveWhileAway() {
            var lasted: Duration?
            do throws(ConnectionLost) {
                let connection = try AMQPConnection.open(configuration, purpose: Role.purpose, idle: idle)
                hasBeenConnected = true
                onLogin(connection)
                let begin = ContinuousClock.now
                let ending = serve(connection)
                lasted = begin.duration(to: .now)
                if case .lost(let loss) = ending { report(loss, false) } else { break }
            } catch {
                guard serveWhileAway() else { break }
                let isFinal = error.refusal != nil && !hasBeenConnected
                report(error, isFinal)
                if isFinal { break }
            }
            guard idle.wait(until: .now + delay.next(lasted: lasted)) else { break }
        }
        control.queue.setOpen(false)
        for command in control.queue.takeAll() { role.perform(command) }
    }

    /// - Returns: false when the thread is to end.
    private func serveWhileAway() -> Bool {
        repeat {
            for command in control.queue.takeAll() { role.perform(command) }
        } while !control.queue.fallAsleep()
        // Without a connection there is nothing a shutdown could wait for.
        return control.state.withLock { state in
            state.dropReason = nil
            return !state.isStopped && !state.isDraining
        }
    }

    // MARK: Connected

    private func serve(_ connection: AMQPConnection) -> Ending {
        closeReply = nil
        let ending: Ending
        role.begin(on: connection)
        do throws(ConnectionLost) {
            try turn(connection)
            ending = .stopped
        } catch {
            ending = .lost(error)
        }
        let reason = if case .lost(let loss) = ending { loss.reason } else { "shut down" }
        control.queue.setOpen(false)
        role.endBurst()
        // What was handed over before the queue was shut belongs to this connection too.
        role.end(reason: reason, written: connection.writer.writtenTotal)
        for command in control.queue.takeAll() { role.perform(command) }
        if case .stopped = ending { close(connection) }
        return ending
    }

    /// Returns when the thread is to end.
    private func turn(_ connection: AMQPConnection) throws(ConnectionLost) {
        while true {
            for command in control.queue.takeAll() { role.perform(command) }
            // Before the flush: what timers write must not wait for the next sign of life.
            role.serveTimers(now: .now)
            role.fill()
            try connection.flush()
            let state = control.state.withLock { $0 }
            if let reason = state.dropReason { throw ConnectionLost(reason) }
            if state.isStopped { return }
            if state.isDraining, role.isIdle, connection.writer.pendingCount == 0 { return }
            if wait(connection) {
                try connection.receive { (channel, frame) throws(ConnectionLost) in
                    try receive(channel, frame, connection)
                }
                role.endBurst()
            }
            try connection.serveHeartbeats(now: .now)
            if let closeReply {
                connection.writer.method(
                    UInt32(AMQP_CONNECTION_CLOSE_OK_METHOD), on: 0, amqp_connection_close_ok_t())
                try? connection.flush()
                throw ConnectionLost("the broker ended the connection: \(closeReply.text)")
            }
        }
    }

    /// Until there is something to read, to write or to do.
    /// - Returns: whether there is something to read.
    private func wait(_ connection: AMQPConnection) -> Bool {
        var deadline = connection.nextHeartbeat
        if let timer = role.nextTimer { deadline = min(deadline ?? timer, timer) }
        let mustNotWait = connection.mayHaveMoreInput || !control.queue.fallAsleep()
        var descriptors = (
            pollfd(
                fd: connection.descriptor,
                events: Int16(POLLIN) | (connection.isWaitingToWrite ? Int16(POLLOUT) : 0), revents: 0),
            pollfd(fd: control.queue.wakeup.descriptor, events: Int16(POLLIN), revents: 0)
        )
        withUnsafeMutableBytes(of: &descriptors) { bytes in
            _ = poll(
                bytes.bindMemory(to: pollfd.self).baseAddress, 2,
                mustNotWait ? 0 : PollTimeout.milliseconds(until: deadline))
        }
        control.queue.awake()
        if descriptors.1.revents != 0 { control.queue.wakeup.clear() }
        return descriptors.0.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 || connection.mayHaveMoreInput
    }

    private func receive(_ channel: UInt16, _ frame: Frame, _ connection: AMQPConnection) throws(ConnectionLost) {
        guard channel == 0 else { return try role.receive(channel: channel, frame) }
        guard case .method(let id, let decoded) = frame else { return }
        switch Int(id) {
        case Int(AMQP_CONNECTION_CLOSE_METHOD):
            let close = decoded.assumingMemoryBound(to: amqp_connection_close_t.self).pointee
            closeReply = (Int(close.reply_code), String(close.reply_text))
        case Int(AMQP_CONNECTION_CLOSE_OK_METHOD):
            isCloseConfirmed = true
        case Int(AMQP_CONNECTION_BLOCKED_METHOD):
            let blocked = decoded.assumingMemoryBound(to: amqp_connection_blocked_t.self).pointee
            role.receiveBlocked(reason: String(blocked.reason))
        case Int(AMQP_CONNECTION_UNBLOCKED_METHOD):
            role.receiveBlocked(reason: nil)
        default:
            break
        }
    }

    /// Says goodbye, so that the broker does not log a lost connection; waits for its answer at most a second.
    private func close(_ connection: AMQPConnection) {
        let goodbye = amqp_connection_close_t(
            reply_code: UInt16(AMQP_REPLY_SUCCESS), reply_text: connection.writer.text("shut down"), class_id: 0,
            method_id: 0)
        connection.writer.method(UInt32(AMQP_CONNECTION_CLOSE_METHOD), on: 0, goodbye)
        let deadline = ContinuousClock.now + .seconds(1)
        isCloseConfirmed = false
        do throws(ConnectionLost) {
            while !isCloseConfirmed, closeReply == nil, ContinuousClock.now < deadline {
                try connection.flush()
                var descriptor = pollfd(
                    fd: connection.descriptor,
                    events: Int16(POLLIN) | (connection.isWaitingToWrite ? Int16(POLLOUT) : 0), revents: 0)
                _ = poll(&descriptor, 1, PollTimeout.milliseconds(until: deadline))
                try connection.receive { (channel, frame) throws(ConnectionLost) in
                    if channel == 0 { try receive(channel, frame, connection) }
                }
            }
        } catch {
            // It is gone, which is what was wanted.
        }
    }
}
