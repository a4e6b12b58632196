import ArgumentParser
import HTTPTypes
import TaskerCommands
import TaskerProtocol
import Testing

extension TestServer {
    /// The explanation of a step, once it has a verdict; checked for what all explanations must be.
    /// - Parameter advises: something can be done about it, so it says what.
    func why(
        _ path: String, _ step: String, _ verdict: String, advises: Bool = false
    ) async throws -> Answer {
        var answer = try await get("\(path)/steps/\(step)/why")
        try await eventually("\(step) is \(verdict)") {
            answer = try await get("\(path)/steps/\(step)/why")
            return answer["verdict"] == .string(verdict)
        }
        #expect(answer.status == .ok)
        #expect(answer["step_name"]?.stringValue == step)
        answer.checkExplanation(routes: routes, advises: advises)
        return answer
    }
}

extension Answer {
    var summary: String { json["summary"]?.stringValue ?? "" }

    var reasonCodes: [String] { json["reasons"]?.arrayValue?.compactMap { $0["code"]?.stringValue } ?? [] }

    /// One sentence, and suggestions that can be copied: each command is one of `tasker-ctl`, each request has a route.
    func checkExplanation(routes: [TestServer.Route], advises: Bool) {
        #expect(summary.hasSuffix("."), "\(summary)")
        #expect(!summary.dropLast().contains(". "), "one sentence: \(summary)")
        #expect(!summary.contains("\n") && !summary.contains("  ") && !summary.hasSuffix(".."), "\(summary)")
        #expect(!summary.contains("Optional(") && !summary.contains("nil"), "\(summary)")
        let suggestions = json["suggestions"]?.arrayValue ?? []
        #expect(!advises || !suggestions.isEmpty, "nothing is suggested: \(text)")
        for suggestion in suggestions {
            #expect(suggestion["text"]?.stringValue?.isEmpty == false)
            if let command = suggestion["command"]?.stringValue {
                let words = Self.words(of: command)
                #expect(words.first == "tasker-ctl")
                #expect(throws: Never.self, "\(command)") { try TaskerCtl.parseAsRoot(Array(words.dropFirst())) }
            }
            if let request = suggestion["request"]?.stringValue {
                #expect(routes.contains { $0.takes(request) }, "\(request)")
            }
        }
    }

    /// As a shell splits a command line, single quotes being all it has.
    private static func words(of command: String) -> [String] {
        var words: [String] = []
        for (index, piece) in command.split(separator: "'", omittingEmptySubsequences: false).enumerated() {
            if index.isMultiple(of: 2) {
                words += piece.split(separator: " ").map(String.init)
            } else {
                words.append(String(piece))
            }
        }
        return words
    }
}

extension TestServer.Route {
    /// Whether `GET /v1/tasks/...?...` comes to this route.
    fileprivate func takes(_ request: String) -> Bool {
        let words = request.split(separator: " ", maxSplits: 1)
        guard words.count == 2, method.rawValue == words[0] else { return false }
        let parts = words[1].prefix { $0 != "?" }.split(separator: "/")
        let pattern = path.split(separator: "/")
        return pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
}
