#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import TaskerProtocol

/// The shared test vectors of `protocol/vectors`, read with the decoder that they test. A file that is missing, empty
/// or in another form is a failure, so that no test passes by running nothing.
struct VectorFile {
    struct Case: CustomStringConvertible, Sendable {
        let group: String
        let subject: String?
        let test: RawJSON

        var description: String { "\(group): \(test.member("description")?.string ?? "?")" }
        var data: RawJSON { test.member("data") ?? .null }
        var expected: RawJSON? { test.member("expected") }

        func isValid() throws -> Bool {
            guard let valid = test.member("valid")?.bool else { throw VectorError("\(self) says no \"valid\"") }
            return valid
        }

        /// The bytes of a raw text: `{text}`, `{base64}` or `{parts: [{text, times}]}`.
        func rawText() throws -> [UInt8] {
            if let text = data.member("text")?.string { return Array(text.utf8) }
            if let base64 = data.member("base64")?.string, let decoded = Data(base64Encoded: base64) {
                return Array(decoded)
            }
            if let parts = data.member("parts")?.items {
                return parts.flatMap { part -> [UInt8] in
                    let text = Array((part.member("text")?.string ?? "").utf8)
                    return (0..<(part.member("times")?.integer ?? 0)).flatMap { _ in text }
                }
            }
            throw VectorError("\(self) has no raw text")
        }
    }

    let cases: [Case]

    init(_ name: String) throws {
        // Tests/TaskerProtocolTests/Vectors.swift -> protocol/vectors
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let path = "\(root)/protocol/vectors/\(name)"
        guard let contents = FileManager.default.contents(atPath: path) else {
            throw VectorError("there is no file \(path)")
        }
        let text = try RawJSON(validating: Array(contents), limits: JSONLimits(depth: 200))
        cases = (text.items ?? []).flatMap { group in
            (group.member("tests")?.items ?? []).map { test in
                Case(
                    group: group.member("description")?.string ?? "?", subject: group.member("subject")?.string,
                    test: test)
            }
        }
        if cases.isEmpty { throw VectorError("\(path) holds no tests") }
    }

    func cases(of subject: String) throws -> [Case] {
        let chosen = cases.filter { $0.subject == subject }
        if chosen.isEmpty { throw VectorError("no tests about \(subject)") }
        return chosen
    }
}

struct VectorError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
