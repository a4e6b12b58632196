/// What a connection is for. All of it runs on the connection's thread.
protocol ConnectionRole: AnyObject {
    associatedtype Command: Sendable

    /// `publisher` or `consumer`.
    static var purpose: String { get }

    /// A connection is logged in.
    func begin(on connection: AMQPConnection)
    /// With a connection or without one.
    func perform(_ command: Command)
    /// Everything but what concerns the connection as a whole.
    func receive(channel: UInt16, _ frame: Frame) throws(ConnectionLost)
    func receiveBlocked(reason: String?)
    /// All frames that had arrived were received.
    func endBurst()
    /// Encodes what may be written now.
    func fill()
    func serveTimers(now: ContinuousClock.Instant)
    var nextTimer: ContinuousClock.Instant? { get }
    /// The connection is gone.
    func end(reason: String, written: UInt64)
    /// Everything is done that a shutdown waits for.
    var isIdle: Bool { get }
}
