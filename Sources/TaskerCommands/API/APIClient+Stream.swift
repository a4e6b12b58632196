import Foundation
import TaskerProtocol

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// An answer as it comes in.
enum AnswerPart: Sendable {
    case head(status: Int, type: String)
    case bytes([UInt8])
}

extension APIClient {
    /// Sends the request and gives the answer piece by piece, until the server ends it.
    /// - Parameter silence: how long nothing may come before the connection counts as broken.
    func stream(_ request: APIRequest, silence: Duration) -> AsyncThrowingStream<AnswerPart, any Error> {
        let (parts, continuation) = AsyncThrowingStream<AnswerPart, any Error>.makeStream()
        guard var call = call(request) else {
            continuation.finish(throwing: APIFailure.broken("'\(request.target)' is no address"))
            return parts
        }
        call.timeoutInterval = Double(silence.wholeMilliseconds) / 1000
        let configuration = APIClient.configuration
        configuration.timeoutIntervalForRequest = call.timeoutInterval
        // One session for one connection: its delegate belongs to the session.
        let session = URLSession(
            configuration: configuration, delegate: StreamReceiver(continuation), delegateQueue: nil)
        let task = session.dataTask(with: call)
        continuation.onTermination = { _ in
            task.cancel()
            session.finishTasksAndInvalidate()
        }
        task.resume()
        return parts
    }
}

private final class StreamReceiver: NSObject, URLSessionDataDelegate {
    private let continuation: AsyncThrowingStream<AnswerPart, any Error>.Continuation

    init(_ continuation: AsyncThrowingStream<AnswerPart, any Error>.Continuation) {
        self.continuation = continuation
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        let http = response as? HTTPURLResponse
        continuation.yield(
            .head(
                status: http?.statusCode ?? 0, type: http?.value(forHTTPHeaderField: "Content-Type")?.lowercased() ?? ""
            ))
        completionHandler(.allow)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        continuation.yield(.bytes(Array(data)))
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        continuation.finish(throwing: error.map { APIFailure($0) })
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        completionHandler(nil)
    }
}
