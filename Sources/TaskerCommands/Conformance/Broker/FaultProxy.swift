import Foundation
import Synchronization
import TaskerAMQP

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Stands between the workers of one scenario and the broker. So a scenario can do to its workers what a network and a
/// broker in trouble do, with nothing but the address of a broker, which nobody else on that broker notices.
///
/// One thread serves all connections; commands change what it serves, under the lock.
final class FaultProxy: Sendable {
    private struct State {
        /// nil while the broker seems to be away.
        var listener: Int32?
        var links: [Int: ProxyLink] = [:]
        var made = 0
        var isBlocked = false
        var isClosed = false
    }

    /// Of this machine; whoever connects to it is connected with the broker.
    let port: UInt16
    private let address: Sockets.Address
    /// Keeps the port while nobody listens: connecting is refused, and nobody else gets it.
    private let placeholder: Int32
    private let wakeup: (read: Int32, write: Int32)
    private let state: Mutex<State>

    /// - Parameter address: the broker's.
    init(_ address: Sockets.Address) throws(Sockets.Failure) {
        self.address = address
        let (placeholder, port) = try Sockets.bind(port: 0)
        self.placeholder = placeholder
        self.port = port
        wakeup = try Sockets.pipe()
        state = Mutex(State(listener: try Sockets.listen(port: port)))
        Thread.detachNewThread { [self] in serve() }
    }

    /// Where a worker is to connect: the broker's URL with this address in it.
    func url(for url: AMQPURL) -> String {
        func encoded(_ text: String) -> String {
            text.utf8.map { byte in
                let isPlain =
                    UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
                    || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
                return isPlain ? String(UnicodeScalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }.joined()
        }
        return "amqp://\(encoded(url.user)):\(encoded(url.password.text))@127.0.0.1:\(port)/\(encoded(url.virtualHost))"
    }

    // MARK: - What is done to workers

    /// Breaks every connection, as a network does.
    /// - Returns: how many there were.
    func cutConnections() -> Int {
        change { state in
            for link in state.links.values { link.close() }
            defer { state.links = [:] }
            return state.links.count
        }
    }

    /// The broker is gone: connections break, new ones are refused.
    func goAway() {
        change { state in
            if let listener = state.listener { Sockets.close(listener) }
            state.listener = nil
            for link in state.links.values { link.close() }
            state.links = [:]
        }
    }

    func comeBack() throws(Sockets.Failure) {
        let listener = try Sockets.listen(port: port)
        change { $0.listener = listener }
    }

    /// The broker takes no messages: it no longer reads from connections that publish, and tells them.
    func block() { change { $0.isBlocked = true } }

    func unblock() {
        change { state in
            state.isBlocked = false
            for key in state.links.keys { state.links[key]?.unblock() }
        }
    }

    /// Deliveries of this queue that workers hold.
    func unacknowledged(in queue: String) -> Int {
        state.withLock { $0.links.values.reduce(0) { $0 + $1.unacknowledged(in: queue) } }
    }

    /// Ends it with all connections.
    func close() {
        goAway()
        change { $0.isClosed = true }
    }

    private func change<Result>(_ body: (inout sending State) -> sending Result) -> sending Result {
        let result = state.withLock(body)
        Sockets.wake(wakeup.write)
        return result
    }

    // MARK: - The thread

    private func serve() {
        while true {
            let watched = state.withLock { state -> [(key: Int?, side: ProxyLink.Side, poll: pollfd)]? in
                if state.isClosed { return nil }
                var watched: [(key: Int?, side: ProxyLink.Side, poll: pollfd)] = []
                if let listener = state.listener {
                    watched.append((nil, .worker, pollfd(fd: listener, events: Int16(POLLIN), revents: 0)))
                }
                for (key, link) in state.links {
                    for (side, descriptor) in [(ProxyLink.Side.worker, link.worker), (.broker, link.broker)] {
                        let events = link.events(of: side)
                        watched.append((key, side, pollfd(fd: descriptor, events: events, revents: 0)))
                    }
                }
                return watched
            }
            guard let watched else { break }
            var polls = [pollfd(fd: wakeup.read, events: Int16(POLLIN), revents: 0)] + watched.map(\.poll)
            _ = poll(&polls, nfds_t(polls.count), -1)
            if polls[0].revents != 0 { Sockets.drain(wakeup.read) }
            state.withLock { state in
                for (one, ready) in zip(watched, polls.dropFirst()) where ready.revents != 0 {
                    // What a command has closed meanwhile is no longer there.
                    if let key = one.key {
                        guard
                            let isAlive = state.links[key]?.serve(one.side, ready.revents, isBlocked: state.isBlocked),
                            !isAlive
                        else { continue }
                        state.links.removeValue(forKey: key)?.close()
                    } else if state.listener == one.poll.fd {
                        accept(&state, from: one.poll.fd)
                    }
                }
            }
        }
        for descriptor in [placeholder, wakeup.read, wakeup.write] { Sockets.close(descriptor) }
    }

    private func accept(_ state: inout State, from listener: Int32) {
        while let worker = Sockets.accept(listener) {
            guard let broker = try? Sockets.connect(address) else {
                Sockets.close(worker)
                continue
            }
            state.made += 1
            state.links[state.made] = ProxyLink(worker: worker, broker: broker)
        }
    }
}
