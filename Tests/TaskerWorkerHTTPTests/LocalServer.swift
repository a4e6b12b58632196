import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TaskerWorkerHTTP

/// What a local server does with every request.
struct ServerBehaviour: Sendable {
    var status = 200
    var headers: [(String, String)] = []
    var body: [UInt8] = []
    var delay: Duration = .zero
    /// The headers with the full length, and nothing of the body.
    var isStalled = false
    /// Closed without an answer.
    var isClosed = false
}

/// A real HTTP server on the loopback interface.
final class LocalServer: Sendable {
    struct Request: Sendable, Hashable {
        var method: String
        var path: String
        var headers: [String: String]
        var body: String
    }

    private let channel: any Channel
    private let log: Log

    final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    private init(channel: any Channel, log: Log) {
        self.channel = channel
        self.log = log
    }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
    var requests: [Request] { log.requests.withLock { $0 } }

    /// Runs for the length of `body`. Connections that wait for something are closed at its end.
    static func run<T: Sendable>(
        _ answer: @escaping @Sendable (Request) -> ServerBehaviour, _ body: (LocalServer) async throws -> T
    ) async throws -> T {
        let log = Log()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Responder(answer, log))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = LocalServer(channel: channel, log: log)
        let result: Result<T, any Error>
        do { result = .success(try await body(server)) } catch { result = .failure(error) }
        try await channel.close()
        try await group.shutdownGracefully()
        return try result.get()
    }

    /// A port on which nobody listens.
    static func unusedPort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }
}

private final class Responder: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answer: @Sendable (LocalServer.Request) -> ServerBehaviour
    private let log: LocalServer.Log
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(_ answer: @escaping @Sendable (LocalServer.Request) -> ServerBehaviour, _ log: LocalServer.Log) {
        self.answer = answer
        self.log = log
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            let request = LocalServer.Request(
                method: head.method.rawValue, path: head.uri,
                headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { $1 },
                body: String(decoding: body.readableBytesView, as: UTF8.self))
            log.requests.withLock { $0.append(request) }
            let behaviour = answer(request)
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let (seconds, attoseconds) = behaviour.delay.components
            context.eventLoop.scheduleTask(in: .nanoseconds(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)) {
                bound.value.0.respond(behaviour, bound.value.1)
            }
        }
    }

    private func respond(_ behaviour: ServerBehaviour, _ context: ChannelHandlerContext) {
        if behaviour.isClosed { return context.close(promise: nil) }
        var headers = HTTPHeaders(behaviour.headers)
        if behaviour.status != 204 { headers.add(name: "Content-Length", value: "\(behaviour.body.count)") }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: behaviour.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if behaviour.isStalled { return context.flush() }
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: behaviour.body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}
