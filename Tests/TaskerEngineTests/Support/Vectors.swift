#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import TaskerProtocol

/// The shared test vectors of `protocol/vectors`. A file that is missing, empty
/// or in another form is a failure, so that no test passes by running nothing.
struct VectorFile {
    struct Case: CustomStringConvertible, Sendable {
        let group: String
        let subject: String?
        let test: RawJSON

        var description: String { "\(group): \(test.member("description")?.string ?? "?")" }
        var data: RawJSON { test.member("data") ?? .null }
        var expected: RawJSON? { test.member("expected") }
    }

    let cases: [Case]

    init(_ name: String) throws {
        // Tests/TaskerEngineTests/Support/Vectors.swift -> protocol/vectors
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(4).joined(separator: "/")
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
