import Foundation
import Synchronization
import TaskerCommands
import TaskerProtocol

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// An HTTP server inside the test process: answers from a table and keeps what it was asked.
final class FakeServer: Sendable {
    struct Request: Sendable {
        var method: String
        /// Path and query.
        var target: String
        /// Names in lower case.
        var headers: [String: String]
        var body: String

        var json: JSONValue? { try? JSONText.parse(body) }
        var path: String { String(target.prefix { $0 != "?" }) }
    }

    enum Answer: Sendable {
        case json(Int, String)
        case text(Int, String, type: String)
        case problem(Int, code: String, detail: String)
        /// `text/event-stream` with these messages; then it stays open, or the connection ends.
        case events([String], staysOpen: Bool)
        /// The connection is closed without a word.
        case hangUp
        /// Nothing ever comes.
        case silence
    }

    let port: UInt16
    var url: String { "http://127.0.0.1:\(port)" }
    private let listener: Int32
    private let handler: @Sendable (Request) -> Answer
    private let seen = Mutex<[Request]>([])
    private let silent = Mutex<[Int32]>([])

    init(_ handler: @escaping @Sendable (Request) -> Answer) {
        self.handler = handler
        #if canImport(Darwin)
        let descriptor = socket(AF_INET, SOCK_STREAM, 0)
        #else
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        precondition(isBound, "no port for the fake server")
        listener = descriptor
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in acceptAll() }
    }

    /// What was asked so far.
    var requests: [Request] { seen.withLock { $0 } }

    func stop() {
        // Wakes the thread that accepts.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for connection in silent.withLock({ $0 }) { close(connection) }
    }

    private func acceptAll() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            Thread.detachNewThread { [self] in serve(connection) }
        }
    }

    private func serve(_ connection: Int32) {
        guard let request = Self.read(connection) else {
            close(connection)
            return
        }
        seen.withLock { $0.append(request) }
        let (status, type, body): (Int, String, String)
        switch handler(request) {
        case .json(let code, let text): (status, type, body) = (code, "application/json", text)
        case .text(let code, let text, let media): (status, type, body) = (code, media, text)
        case .problem(let code, let name, let detail):
            let problem: JSONValue = [
                "status": .number(code), "code": .string(name), "detail": .string(detail), "title": "A problem",
            ]
            (status, type, body) = (code, "application/problem+json", problem.canonicalText)
        case .events(let messages, let staysOpen):
            let head = "HTTP/1.1 200 X\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
            for text in [head, "retry: 2000\n\n"] + messages { Self.send(text, connection) }
            if staysOpen { silent.withLock { $0.append(connection) } } else { close(connection) }
            return
        case .hangUp:
            close(connection)
            return
        case .silence:
            silent.withLock { $0.append(connection) }
            return
        }
        let extra =
            status == 429 ? "Retry-After: 7\r\n" : status == 302 ? "Location: http://elsewhere.example/\r\n" : ""
        let head =
            "HTTP/1.1 \(status) X\r\nContent-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\(extra)Connection: close\r\n\r\n"
        Self.send(head + body, connection)
        close(connection)
    }

    private static func send(_ text: String, _ connection: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            #if canImport(Darwin)
            let count = rest.withUnsafeBytes { Darwin.send(connection, $0.baseAddress, $0.count, 0) }
            #elseif canImport(Musl)
            let count = rest.withUnsafeBytes { Musl.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            #else
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            #endif
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { return nil }
            bytes += chunk[..<count]
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
            let lines = text[..<end.lowerBound].split(separator: "\r\n").map(String.init)
            let words = lines[0].split(separator: " ").map(String.init)
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                    in: .whitespaces)
            }
            let body = text[end.upperBound...]
            if body.utf8.count < Int(headers["content-length"] ?? "0") ?? 0 { continue }
            return Request(method: words[0], target: words[1], headers: headers, body: String(body))
        }
    }
}
