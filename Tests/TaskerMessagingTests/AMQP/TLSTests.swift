import Foundation
import Logging
import TaskerMessaging
import Testing

@testable import TaskerAMQP

/// A certificate authority, a server certificate for localhost and 127.0.0.1, and one for a client.
private struct Certificates {
    let folder: String
    var authority: String { "\(folder)/ca.pem" }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tasker-tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try openssl(
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Tasker test authority",
            "-keyout", "\(folder)/ca.key", "-out", authority)
        try issue("server", extensions: "subjectAltName=DNS:localhost,IP:127.0.0.1")
        try issue("client", extensions: "extendedKeyUsage=clientAuth")
    }

    private func issue(_ name: String, extensions: String) throws {
        let path = "\(folder)/\(name)"
        try openssl(
            "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=\(name)", "-keyout", "\(path).key", "-out",
            "\(path).csr")
        try extensions.write(toFile: "\(path).ext", atomically: true, encoding: .utf8)
        try openssl(
            "x509", "-req", "-in", "\(path).csr", "-CA", authority, "-CAkey", "\(folder)/ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "\(path).ext", "-out", "\(path).pem")
    }

    private func openssl(_ arguments: String...) throws {
        try PrivateRabbitMQ.output(of: "/usr/bin/openssl", arguments)
    }
}

@Suite(
    "TLS", .timeLimit(.minutes(10)), .enabled(if: PrivateRabbitMQ.isAvailable, "\(PrivateRabbitMQ.unavailableReason)"))
struct TLSTests {
    private func broker(_ url: String) throws -> AMQPBroker {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return AMQPBroker(
            AMQPConfiguration(
                url: try AMQPURL(url), connectionName: "tls", minimumReconnectDelay: .milliseconds(50),
                maximumReconnectDelay: .milliseconds(500)),
            logger: logger)
    }

    private func expectRefusal(_ words: [String], of url: String) async throws {
        let broker = try broker(url)
        let run = Task { try await broker.run() }
        for await state in broker.stateChanges() {
            if case .disconnected(let reason) = state, reason != "not connected yet" {
                #expect(words.contains { reason.contains($0) }, "\(reason)")
                break
            }
        }
        await broker.shutdown(timeout: .zero)
        try await run.value
    }

    /// One node for all of it, as a node takes seconds to start.
    @Test("amqps: verified both ways, large messages, cuts, alarms and what is refused")
    func tls() async throws {
        let certificates = try await blocking { try Certificates() }
        defer { try? FileManager.default.removeItem(atPath: certificates.folder) }
        let folder = certificates.folder
        // Free for a moment, then the node's: 127.0.0.2 answers with the same certificate, which is not for it.
        let port = try Listener(listens: false).port
        let settings = [
            "listeners.ssl.1 = 127.0.0.1:\(port)", "listeners.ssl.2 = 127.0.0.2:\(port)",
            "ssl_options.cacertfile = \(certificates.authority)", "ssl_options.certfile = \(folder)/server.pem",
            "ssl_options.keyfile = \(folder)/server.key", "ssl_options.verify = verify_peer",
            "ssl_options.fail_if_no_peer_cert = true",
        ]
        try await Node.withOwn(settings: settings) { node in
            let client = "certfile=\(folder)/client.pem&keyfile=\(folder)/client.key"
            let trust = "cacertfile=\(certificates.authority)"
            for host in ["localhost", "127.0.0.1"] {
                try await useThoroughly(broker("amqps://\(host):\(port)/%2F?\(trust)&\(client)"), node)
            }
            try await running(broker("amqps://127.0.0.2:\(port)/%2F?verify=verify_none&\(client)")) {}
            try await expectRefusal(
                ["is refused: IP address mismatch"], of: "amqps://127.0.0.2:\(port)/%2F?\(trust)&\(client)")
            try await expectRefusal(
                ["is refused: unable to get local issuer certificate", "is refused: self-signed"],
                of: "amqps://localhost:\(port)/%2F?\(client)")
            // With TLS 1.3 a client learns only after the handshake that its certificate is missed.
            try await expectRefusal(
                ["closed the connection during the login", "TLS", "login"], of: "amqps://localhost:\(port)/%2F?\(trust)"
            )
            try await expectRefusal(
                ["TLS"], of: "amqps://localhost:\(try AMQPURL(node.url).port)/%2F?\(trust)&\(client)")
            try await expectRefusal(["without TLS"], of: "amqp://localhost:\(port)/%2F")
        }
    }

    private func useThoroughly(_ broker: AMQPBroker, _ node: PrivateRabbitMQ) async throws {
        let queue = "tls-\(UInt64.random(in: 0...UInt64.max))"
        try await running(broker) {
            try await broker.declare([.queue(name: queue, arguments: ["x-queue-type": .string("classic")])])
            let probe = ConsumerProbe()
            _ = try await broker.consume(.named(queue), prefetch: 100) { event in
                probe.handler(event)
                if case .deliveries(let deliveries) = event { broker.acknowledge(deliveries.map(\.tag)) }
            }
            try await broker.publishConfirmed((0..<2000).map { "\($0)" }, to: queue)
            let large = (0..<4).map { number in
                OutgoingMessage(
                    token: UInt64(number), routingKey: queue, properties: MessageProperties(),
                    body: (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number) })
            }
            #expect(try await broker.publishAndWait(large).values.allSatisfy { $0 == .confirmed })
            try await probe.waitForDeliveries(2004)
            #expect(probe.deliveries.suffix(4).map(\.body) == large.map(\.body))

            broker.dropConnections()
            try await probe.waitForStarts(2)
            // A wave into a blocked broker must not hold the thread in a write.
            try await blocking { _ = try node.ctl("set_vm_memory_high_watermark", "0") }
            let blocked = PublishProbe()
            try await eventually("connected") { if case .connected = broker.states.current { true } else { false } }
            broker.publish(
                (0..<32).map {
                    OutgoingMessage(
                        token: $0, routingKey: queue, properties: MessageProperties(), body: large[0].body)
                }, completion: blocked.completion)
            try await eventually("blocked") { if case .blocked = broker.states.current { true } else { false } }
            try await blocking { _ = try node.ctl("set_vm_memory_high_watermark", "0.4") }
            try await blocked.wait(for: 32)
            #expect(blocked.outcomes().values.allSatisfy { $0 == .confirmed || $0 == .notSent })
        }
    }
}
