import Foundation
import TaskerProtocol

#if canImport(FoundationNetworking)
import FoundationNetworking
#endif

/// Why a call has no answer.
enum APIFailure: Error, Sendable {
    /// Nobody listens there.
    case unreachable(String)
    /// The connection broke under way.
    case broken(String)
    case timedOut
    case cancelled
    case certificate(String)

    init(_ error: any Error) {
        guard let error = error as? URLError else {
            self = error is CancellationError ? .cancelled : .broken("\(error)")
            return
        }
        switch error.code {
        case .cannotConnectToHost: self = .unreachable("nobody listens there")
        case .cannotFindHost, .dnsLookupFailed: self = .unreachable("there is no host of that name")
        case .notConnectedToInternet: self = .unreachable("there is no network")
        case .timedOut: self = .timedOut
        case .cancelled: self = .cancelled
        case .secureConnectionFailed, .serverCertificateUntrusted, .serverCertificateHasBadDate,
            .serverCertificateHasUnknownRoot, .serverCertificateNotYetValid, .clientCertificateRejected:
            self = .certificate(error.localizedDescription)
        default: self = .broken("the connection broke")
        }
    }

    func explained(by client: APIClient) -> CommandError {
        let server = Settings.masked(client.server, .server)
        let start =
            "is the orchestrator running? start it with 'tasker-orchestrator', or name another with --server URL"
        switch self {
        case .unreachable(let reason):
            return CommandError(
                .unreachable, code: "unreachable", "the orchestrator at \(server) is not reachable: \(reason)",
                hint: start)
        case .broken(let reason):
            return CommandError(
                .unreachable, code: "unreachable", "the orchestrator at \(server) did not answer: \(reason)",
                hint: start)
        case .certificate(let reason):
            return CommandError(
                .unreachable, code: "unreachable", "the certificate of \(server) was refused: \(reason)",
                hint: "the certificate must be valid for this name and known to this system")
        case .timedOut:
            return CommandError(
                .timeout, code: "timeout", "the orchestrator at \(server) did not answer in time",
                hint: "allow more with --timeout 2m, or look with 'tasker-ctl system health'")
        case .cancelled: return CommandError(.interrupted, code: "interrupted", "interrupted")
        }
    }

    // MARK: - Refusals

    /// A problem document (RFC 9457), or whatever else came instead.
    static func refused(_ response: APIResponse, by client: APIClient, _ request: APIRequest) -> CommandError {
        let problem = try? JSONText.parse(response.body)
        let code = (problem?["code"] ?? problem?["error"]?["code"])?.stringValue?.lowercased()
        let said = (problem?["detail"] ?? problem?["error"]?["message"] ?? problem?["title"])?.stringValue
        var error = CommandError(
            status(response.status), code: code ?? "http_\(response.status)",
            clean(said ?? "the server answered with status \(response.status)"), httpStatus: response.status)
        while error.message.hasSuffix(".") { error.message.removeLast() }
        var hints = faults(problem)
        if let hint = problem?["hint"]?.stringValue { hints.append(clean(hint)) }
        if let hint = hint(response, client, request) { hints.append(hint) }
        if !hints.isEmpty { error.hint = hints.joined(separator: "\n") }
        return error
    }

    private static func status(_ status: Int) -> ExitStatus {
        switch status {
        case 401, 403: .denied
        case 404: .notFound
        case 408, 504: .timeout
        case 502, 503: .unreachable
        default: .failure
        }
    }

    private static func faults(_ problem: JSONValue?) -> [String] {
        (problem?["errors"]?.arrayValue ?? []).prefix(10).compactMap { fault in
            guard let message = fault["message"]?.stringValue else { return nil }
            return clean("\(fault["pointer"]?.stringValue ?? ""): \(message)")
        }
    }

    private static func hint(_ response: APIResponse, _ client: APIClient, _ request: APIRequest) -> String? {
        let retryAfter = response.headers["retry-after"].map { "try again in \(clean($0)) s" }
        switch response.status {
        case 300..<400:
            return
                "the server sends to \(clean(response.headers["location"] ?? "another place")): name it with --server"
        case 401:
            return client.headers["Authorization"] == nil
                ? "give a token: --token-file FILE, or TASKER_AUTH_TOKEN" : "the token was refused; is it still valid?"
        case 403: return "the credentials lack a permission for this"
        case 429, 503: return retryAfter
        default: return nil
        }
    }

    /// Text of a server may hold anything; a terminal obeys control characters.
    private static func clean(_ text: String) -> String {
        text.split(separator: "\n").map { TextTable.clean(String($0)) }.joined(separator: "\n")
    }
}
