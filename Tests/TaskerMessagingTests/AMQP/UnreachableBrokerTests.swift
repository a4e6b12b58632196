import Glibc
import Logging
import TaskerMessaging
import Testing

@testable import TaskerAMQP

/// No broker is needed where there is none.
@Suite("Unreachable broker", .timeLimit(.minutes(5)))
struct UnreachableBrokerTests {
    private func broker(_ url: String) throws -> AMQPBroker {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return AMQPBroker(
            AMQPConfiguration(
                url: try AMQPURL(url), connectionName: "test", connectTimeout: .milliseconds(300),
                minimumReconnectDelay: .milliseconds(10), maximumReconnectDelay: .milliseconds(50)),
            logger: logger)
    }

    /// Waits until the state's reason contains `words`, then ends the broker.
    private func expect(_ words: String, of broker: AMQPBroker) async throws {
        let run = Task { try await broker.run() }
        for await state in broker.stateChanges() {
            if case .disconnected(let reason) = state, reason.contains(words) { break }
        }
        #expect(try await broker.publishAndWait([OutgoingMessage("x", to: "q", token: 1)]) == [1: .notSent])
        await broker.shutdown(timeout: .seconds(5))
        try await run.value
    }

    @Test func connectionRefused() async throws {
        let listener = try Listener(listens: false)
        try await expect(
            "connection refused at 127.0.0.1:\(listener.port)", of: broker("amqp://127.0.0.1:\(listener.port)"))
    }

    @Test func unknownHost() async throws {
        try await expect("cannot be resolved", of: broker("amqp://no-such-host.invalid"))
    }

    @Test func silentServer() async throws {
        let listener = try Listener(listens: true)
        try await expect("did not answer", of: broker("amqp://127.0.0.1:\(listener.port)"))
    }

    @Test func noAuthorities() async throws {
        let broker = try broker("amqps://127.0.0.1:1?cacertfile=/does/not/exist.pem")
        let error = await #expect(throws: BrokerError.self) { try await broker.run() }
        #expect(error?.code == .tls)
        #expect(error?.description.contains("/does/not/exist.pem") == true)
    }

    @Test func tlsConnectionRefused() async throws {
        let listener = try Listener(listens: false)
        try await expect(
            "connection refused at 127.0.0.1:\(listener.port)",
            of: broker("amqps://127.0.0.1:\(listener.port)?verify=verify_none"))
    }
}

/// A port on loopback that nobody else has, with a server that says nothing, or with none.
final class Listener: Sendable {
    let port: Int
    private let descriptor: Int32

    init(listens: Bool) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size) == 0 && getsockname(descriptor, pointer, &size) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard bound, !listens || listen(descriptor, 8) == 0 else { throw Expired(description: "no port") }
    }

    deinit { close(descriptor) }
}
