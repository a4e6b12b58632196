/// What the broker would not do. `description` says what happened and what to do about it.
public struct BrokerError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// A queue or exchange exists with other arguments (AMQP 406).
        case preconditionFailed
        /// No such queue (AMQP 404).
        case notFound
        /// Wrong credentials, no such virtual host, no permission (AMQP 403).
        case accessRefused
        /// Another consumer holds the queue exclusively (AMQP 405).
        case resourceLocked
        case disconnected
        case cancelled
        /// The URL cannot be used.
        case invalidURL
        /// TLS could not be set up or the certificate was refused.
        case tls
        case unexpected
    }

    public var code: Code
    /// What happened, with the broker's own text.
    public var message: String
    /// What to do about it.
    public var remedy: String?

    public init(_ code: Code, _ message: String, remedy: String? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.map { "\(message). \($0)" } ?? message }
}
