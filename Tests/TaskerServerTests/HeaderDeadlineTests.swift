import Hummingbird
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Testing

@testable import TaskerServer

@Suite("Headers that do not end", .timeLimit(.minutes(5)))
struct HeaderDeadlineTests {
    private static func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
        try channel.pipeline.syncOperations.addHandler(HeaderDeadline(.seconds(10)))
        channel.pipeline.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        return channel
    }

    private static func send(_ text: String, _ channel: EmbeddedChannel) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    @Test func moreBytesGiveNoMoreTime() throws {
        let channel = try Self.channel()
        try Self.send("GET / HTTP/1.1\r\n", channel)
        for _ in 1...9 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            try Self.send("X-A: b\r\n", channel)
            #expect(channel.isActive)
        }
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
        let text = String(buffer: try #require(try channel.readOutbound(as: ByteBuffer.self)))
        #expect(text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"), "\(text)")
        #expect(text.contains("within 10.0 seconds"), "\(text)")
    }

    @Test func aConnectionBetweenTwoRequestsIsNotMeant() throws {
        let channel = try Self.channel()
        for _ in 1...3 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(60))
            try Self.send("GET / HTTP/1.1\r\nHo", channel)
            channel.embeddedEventLoop.advanceTime(by: .seconds(9))
            try Self.send("st: localhost\r\n\r\n", channel)
        }
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(channel.isActive)
        try Self.send("GET /", channel)
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(!channel.isActive)
    }

    @Test func aBodyHasItsOwnLimit() throws {
        let channel = try Self.channel()
        try Self.send("POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\n", channel)
        for _ in 1...3 {
            channel.embeddedEventLoop.advanceTime(by: .seconds(20))
            try Self.send("a", channel)
        }
        channel.embeddedEventLoop.advanceTime(by: .seconds(20))
        #expect(channel.isActive)
    }

    /// Over a socket, with the real pipeline.
    @Test func aSlowClientIsAnswered() async throws {
        let server = TestServer()
        var settings = ServerSettings()
        settings.headerTimeout = .milliseconds(50)
        let (ports, bound) = AsyncStream.makeStream(of: Int.self)
        let application = Server.application(
            for: server.orchestrator, host: "127.0.0.1", port: 0, settings: settings, log: Logger(label: "test"),
            onBound: { bound.yield($0) })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            let port = try #require(await ports.first { _ in true })
            let client = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: "127.0.0.1", port: port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                    }
                }
            let answer = try await client.executeThenClose { input, output in
                try await output.write(ByteBuffer(string: "GET /livez HTTP/1.1\r\nHost: local"))
                var all = ByteBuffer()
                for try await piece in input { all.writeImmutableBuffer(piece) }
                return String(buffer: all)
            }
            #expect(answer.hasPrefix("HTTP/1.1 408 "), "\(answer)")
            #expect(answer.contains(#""code":"TIMEOUT""#), "\(answer)")
            group.cancelAll()
        }
    }
}
