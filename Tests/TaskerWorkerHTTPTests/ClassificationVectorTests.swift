import Foundation
import TaskerTestKit
import TaskerWorkerHTTP
import Testing

/// `protocol/vectors/api-classification.json`, the same in every SDK.
@Suite(.timeLimit(.minutes(3))) struct ClassificationVectorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var subject: String
        var description: String
        var data: JSONValue
        var expected: [String: JSONValue]
        var testDescription: String { description }
    }

    static func load() throws -> [Case] {
        var directory = URL(filePath: #filePath)
        for _ in 1...3 { directory.deleteLastPathComponent() }
        let file = directory.appending(path: "protocol/vectors/api-classification.json")
        let vectors = try JSONValue(parsing: String(decoding: Data(contentsOf: file), as: UTF8.self))
        return (vectors.arrayValue ?? []).flatMap { group in
            (group["tests"]?.arrayValue ?? []).map { test in
                Case(
                    subject: group["subject"]?.stringValue ?? "", description: test["description"]?.stringValue ?? "",
                    data: test["data"] ?? [:], expected: test["expected"]?.objectValue ?? [:])
            }
        }
    }

    /// Does what handlers do, and says which helper made the result.
    struct Caller: APIHandler {
        var baseURL: String
        var test: Case
        let seen: Seen

        func call(_ context: StepContext) async throws -> StepResult {
            let doing = test.data["while"]?.stringValue
            let limit = test.data["client"]?["timeout_ms"]?.integerValue.map { Duration.milliseconds($0) }
            do {
                let response = try await get("/", timeout: limit)
                await seen.set(response.isOK ? "success" : "failure", response)
                return response.isOK
                    ? apiSuccess(response) : apiFailure(response, message: test.data["message"]?.stringValue)
            } catch let error as APITimeoutError {
                await seen.set("timeout", nil)
                return timeoutError(error, while: doing)
            } catch {
                await seen.set("connection_error", nil)
                return connectionError(error, while: doing)
            }
        }
    }

    actor Seen {
        var outcome = ""
        var response: APIResponse?
        func set(_ outcome: String, _ response: APIResponse?) {
            self.outcome = outcome
            self.response = response
        }
    }

    @Test(arguments: try ClassificationVectorTests.load()) func vector(_ test: Case) async throws {
        let seen = Seen()
        if test.subject == "status" {
            let response = APIResponse(statusCode: Int(try #require(test.data["status"]?.integerValue)))
            await seen.set("failure", response)
            let handler = Caller(baseURL: "", test: test, seen: seen)
            return try await check(test, handler.apiFailure(response), seen)
        }
        let server = try #require(test.data["server"])
        if server["refuse"] == true {
            let handler = Caller(
                baseURL: "http://127.0.0.1:\(try await LocalServer.unusedPort())", test: test, seen: seen)
            return try await check(test, handler.call(.test()), seen)
        }
        try await LocalServer.run({ _ in behaviour(server) }) { local in
            let handler = Caller(baseURL: local.url, test: test, seen: seen)
            try await check(test, handler.call(.test()), seen)
        }
    }

    func behaviour(_ server: JSONValue) -> ServerBehaviour {
        var behaviour = ServerBehaviour()
        behaviour.status = Int(server["status"]?.integerValue ?? 200)
        behaviour.isClosed = server["close"] == true
        behaviour.isStalled = server["stall"] == "body"
        behaviour.delay = .milliseconds(server["delay_ms"]?.integerValue ?? 0)
        for (name, value) in server["headers"]?.objectValue ?? [:] {
            let seconds = value["date_in_seconds"]?.integerValue
            let text = seconds.map { httpDate(Date.now.addingTimeInterval(Double($0))) } ?? value.stringValue ?? ""
            behaviour.headers.append((name, text))
        }
        if let body = server["body"] {
            behaviour.body = body.canonicalBytes
            if !behaviour.headers.contains(where: { $0.0.lowercased() == "content-type" }) {
                behaviour.headers.append(("Content-Type", "application/json"))
            }
        } else if let text = server["text"]?.stringValue {
            behaviour.body = Array(text.utf8)
        }
        return behaviour
    }

    func httpDate(_ date: Date) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss"
        return formatter.string(from: date) + " GMT"
    }

    func check(_ test: Case, _ result: StepResult, _ seen: Seen) async throws {
        let (outcome, response) = await (seen.outcome, seen.response)
        // What the worker sends.
        var registry = HandlerRegistry()
        registry.register("handler") { _ in result }
        let sent = await TestKit.run(registry, .test())
        for (key, expected) in test.expected {
            switch key {
            case "outcome": #expect(outcome == expected.stringValue)
            case "error_type": #expect(result.error?.type == expected.stringValue)
            case "retryable": #expect(result.error?.isRetryable == expected.boolValue)
            case "is_retryable": #expect(response?.isRetryable == expected.boolValue)
            case "message": #expect(result.error?.message == expected.stringValue)
            case "message_prefix":
                let message = try #require(result.error?.message)
                #expect(message.hasPrefix(try #require(expected.stringValue)), "\(message)")
                #expect(message.count > (expected.stringValue ?? "").count)
            case "retry_after": #expect(response?.retryAfter == expected.integerValue)
            case "retry_after_seconds": expectNumber(result.metadata[key], expected)
            case "sent_retry_after_seconds":
                expectNumber(sent.failure?.retryAfterSeconds.map { .double($0) }, expected)
            case "result": #expect(result.payload?.value == expected)
            case "result_any_of":
                #expect(expected.arrayValue?.contains(try #require(result.payload?.value)) == true)
            case "metadata":
                for (name, value) in expected.objectValue ?? [:] { #expect(result.metadata[name] == value) }
            case "metadata_keys":
                for name in expected.arrayValue ?? [] { #expect(result.metadata[name.stringValue ?? ""] != nil) }
            case "no_metadata_keys":
                for name in expected.arrayValue ?? [] { #expect(result.metadata[name.stringValue ?? ""] == nil) }
            default: Issue.record("the vectors expect \(key), which this test does not know")
            }
        }
    }

    func expectNumber(_ value: JSONValue?, _ expected: JSONValue) {
        if expected.isNull {
            #expect(value == nil)
        } else if let least = expected["at_least"]?.doubleValue, let most = expected["at_most"]?.doubleValue {
            #expect(value?.doubleValue.map { (least...most).contains($0) } == true, "\(String(describing: value))")
        } else {
            #expect(value?.doubleValue == expected.doubleValue)
        }
    }
}
