import TaskerProtocol

/// The events of one task, over as many connections as it takes.
struct TaskEvents: Sendable {
    enum Sign: Sendable {
        /// Connected. What was committed between two connections comes as events; before the first one nothing does.
        case opened(isResumed: Bool)
        case event(JSONValue)
        /// The server no longer has what was missed.
        case reset
        /// Nothing has happened, and the server is there.
        case alive
        case lost
        /// There is no stream for us: a permission, a proxy, too many readers.
        case unavailable
    }

    let client: APIClient
    let task: String

    /// The server says something every 15 s.
    private static let silence: Duration = .seconds(45)
    private static let pause: Duration = .milliseconds(500)

    /// Tells until it is cancelled, or the stream is unavailable.
    func run(_ tell: @Sendable (Sign) -> Void) async {
        var last: String?
        while !Task.isCancelled {
            do {
                guard try await read(from: &last, tell) else { return tell(.unavailable) }
            } catch {
                // Why a connection ended makes no difference to what comes next: another one.
            }
            if Task.isCancelled { return }
            tell(.lost)
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// One connection.
    /// - Returns: false when another one would be of no use.
    private func read(from last: inout String?, _ tell: (Sign) -> Void) async throws -> Bool {
        var request = APIRequest(.get, "events").with(query: "task_uuid", task)
        request.accept = "text/event-stream"
        request.lastEventID = last
        var parser = EventStreamParser()
        var isOpen = false
        for try await part in client.stream(request, silence: Self.silence) {
            switch part {
            case .head(let status, let type):
                // A server that is going down or coming up.
                if (500..<600).contains(status) { return true }
                guard status == 200, type.hasPrefix("text/event-stream") else { return false }
            case .bytes(let bytes):
                for piece in try parser.take(bytes) {
                    // The first thing it says comes after it has begun to listen for us.
                    if !isOpen { tell(.opened(isResumed: last != nil)) }
                    isOpen = true
                    guard case .message(let message) = piece else {
                        tell(.alive)
                        continue
                    }
                    last = message.id ?? last
                    switch message.name {
                    case "reset": tell(.reset)
                    case "end": tell(.alive)
                    default: if let event = try? JSONText.parse(message.data) { tell(.event(event)) }
                    }
                }
            }
        }
        return true
    }
}
