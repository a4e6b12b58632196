import HTTPTypes
import Hummingbird
import NIOCore
import NIOEmbedded
import Synchronization
import TaskerProtocol

/// One message of a stream.
struct SentEvent: Equatable, Sendable {
    var id: String?
    var type = ""
    var data = JSONValue.null

    static func parse(_ text: String) -> [SentEvent] {
        text.split(separator: "\n\n").compactMap { block in
            var event = SentEvent()
            for line in block.split(separator: "\n") {
                if line.hasPrefix("id: ") { event.id = String(line.dropFirst(4)) }
                if line.hasPrefix("event: ") { event.type = String(line.dropFirst(7)) }
                if line.hasPrefix("data: ") {
                    event.data = (try? JSONValue(parsing: String(line.dropFirst(6)))) ?? .null
                }
            }
            return event.type.isEmpty ? nil : event
        }
    }
}

/// Reads a stream in the background; or does not, as a client whose connection is full.
final class StreamReader: Sendable {
    private struct State {
        var text = ""
        var isOver = false
        var isClosed = false
    }

    private let state = Mutex(State())
    private let task = Mutex<Task<Void, Never>?>(nil)

    var text: String { state.withLock { $0.text } }
    var events: [SentEvent] { SentEvent.parse(text) }
    var isOver: Bool { state.withLock { $0.isOver } }
    /// Whether the server has closed the connection.
    var isClosed: Bool { state.withLock { $0.isClosed } }

    /// - Parameter takes: false never takes anything.
    static func open(
        _ server: TestServer, _ path: String, headers: HTTPFields = [:], takes: Bool = true
    ) async throws -> StreamReader {
        let channel = NIOAsyncTestingChannel()
        let response = try await server.respond(.get, path, headers: headers, over: channel)
        guard response.status == .ok else { throw DidNotHappen(what: "\(path): \(response.status)") }
        let reader = StreamReader()
        channel.closeFuture.whenComplete { _ in reader.state.withLock { $0.isClosed = true } }
        let body = response.body
        reader.task.withLock {
            $0 = Task {
                try? await body.write(Sink(reader: reader, takes: takes))
                reader.state.withLock { $0.isOver = true }
            }
        }
        return reader
    }

    func close() async {
        let running = task.withLock { $0 }
        running?.cancel()
        await running?.value
    }

    private struct Sink: ResponseBodyWriter {
        let reader: StreamReader
        let takes: Bool

        func write(_ piece: ByteBuffer) async throws {
            if takes { return reader.state.withLock { $0.text += String(buffer: piece) } }
            // Until its connection is ended.
            while true { try await Task.sleep(for: .seconds(3600)) }
        }

        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
