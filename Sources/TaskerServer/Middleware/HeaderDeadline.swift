import NIOCore
import TaskerProtocol

/// Closes a connection whose request has begun and whose headers do not end in time, with 408 (RFC 9110, section 15.5.9).
/// The idle time limit does not help there: a client that sends a byte now and then is never idle.
///
/// It stands behind the HTTP decoder and puts a watcher in front of it: bytes from which the decoder has made nothing
/// are headers that go on.
final class HeaderDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    typealias InboundOut = NIOAny

    private let limit: TimeAmount
    private var scheduled: Scheduled<Void>?

    init(_ limit: TimeAmount) {
        self.limit = limit
    }

    func handlerAdded(context: ChannelHandlerContext) {
        do {
            try context.pipeline.syncOperations.addHandler(BytesArrived(self), position: .first)
        } catch {
            context.fireErrorCaught(error)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        end()
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        scheduled?.cancel()
        scheduled = nil
    }

    /// More bytes of the same headers give them no more time.
    fileprivate func begin(_ watcher: ChannelHandlerContext) {
        guard scheduled == nil else { return }
        scheduled = watcher.eventLoop.assumeIsolated().scheduleTask(in: limit) { [limit] in
            let answer = Self.answer(after: limit)
            var buffer = watcher.channel.allocator.buffer(capacity: answer.utf8.count)
            buffer.writeString(answer)
            watcher.writeAndFlush(NIOAny(buffer), promise: nil)
            watcher.close(promise: nil)
        }
    }

    /// Written by hand: the encoder answers requests, and there was none.
    private static func answer(after limit: TimeAmount) -> String {
        let problem = JSONValue.object([
            "type": "urn:tasker:error:timeout", "title": "Request timeout", "status": 408,
            "detail": .string("The headers did not end within \(Duration.nanoseconds(limit.nanoseconds))"),
            "code": "TIMEOUT",
        ]).canonicalText
        return "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"
            + "Content-Length: \(problem.utf8.count)\r\nConnection: close\r\n\r\n" + problem
    }
}

/// Tells the deadline of bytes before the decoder has them.
private final class BytesArrived: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let deadline: HeaderDeadline

    init(_ deadline: HeaderDeadline) {
        self.deadline = deadline
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        deadline.begin(context)
        context.fireChannelRead(data)
    }
}
