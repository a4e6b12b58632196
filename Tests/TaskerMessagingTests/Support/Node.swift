import Foundation
import Testing

/// The node most tests share: queues have names of their own, so tests do not meet. Started by the first that needs it;
/// `TASKER_TEST_AMQP_URL` names a running one instead.
enum Node {
    private static let started = Task.detached { () throws -> (String, PrivateRabbitMQ?) in
        if let url = ProcessInfo.processInfo.environment["TASKER_TEST_AMQP_URL"] { return (url, nil) }
        let node = try await blocking { try PrivateRabbitMQ() }
        return (node.url, node)
    }

    static var url: String {
        get async throws { try await started.value.0 }
    }

    static var isAvailable: Bool {
        PrivateRabbitMQ.isAvailable || ProcessInfo.processInfo.environment["TASKER_TEST_AMQP_URL"] != nil
    }

    /// Another node, for tests that stop it, kill it or raise its alarms: one at a time, and each leaves it running.
    static func withDisturbed(_ body: (PrivateRabbitMQ) async throws -> Void) async throws {
        let node = try await disturbed.value
        do {
            try await blocking { try node.start() }
            try await body(node)
        } catch {
            try? await blocking { try node.restart() }
            throw error
        }
    }

    private static let disturbed = Task.detached {
        try await blocking { try PrivateRabbitMQ() }
    }

    /// A node with settings of the test's own.
    static func withOwn(settings: [String], _ body: (PrivateRabbitMQ) async throws -> Void) async throws {
        let node = try await blocking { try PrivateRabbitMQ(settings: settings) }
        do {
            try await body(node)
            try await blocking { node.remove() }
        } catch {
            try? await blocking { node.remove() }
            throw error
        }
    }
}

/// Runs what blocks on a thread that may be blocked.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
    }
}
