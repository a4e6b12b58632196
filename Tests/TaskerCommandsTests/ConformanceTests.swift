import Foundation
import TaskerProtocol
import Testing

@testable import TaskerCommands

/// `conformance run`: its patterns, and whole runs with workers that keep the protocol and that do not.
@Suite struct ConformanceTests {
    @Test(arguments: [
        (#"{"a":1}"#, #"{"a":1,"b":2}"#, true),
        (#"{"a":1.0}"#, #"{"a":1}"#, true),
        (#"{"a":9007199254740993}"#, #"{"a":9007199254740992}"#, false),
        (#"{"a":null}"#, #"{}"#, true),
        (#"[1,2]"#, #"[1,2,3]"#, false),
        (#"{"$exactly":{"a":1}}"#, #"{"a":1,"b":null}"#, false),
        (#"{"$any_of":[1,"x"]}"#, #""x""#, true),
        (#"{"$all_of":[{"$type":"integer"},{"$at_least":3}]}"#, "2", false),
        (#"{"$not":{"$type":"null"}}"#, "null", false),
        (#"{"$type":"number"}"#, "1", true),
        (#"{"$type":"integer"}"#, "1.5", false),
        (#"{"$contains":"b"}"#, #""abc""#, true),
        (#"{"$starts_with":"b"}"#, #""abc""#, false),
        (#"{"$some":{"a":2}}"#, #"[{"a":1},{"a":2}]"#, true),
        (#"{"$max_bytes":2}"#, #""ü""#, true),
        (#"{"$min_length":2}"#, "[1]", false),
        (#"{"$repeat":{"text":"ab","times":2}}"#, #""abab""#, true),
    ])
    func patternsMatchAsDocumented(pattern: String, value: String, isMatch: Bool) throws {
        let fault = ConformancePattern.difference(try JSONText.parse(pattern), try JSONText.parse(value))
        #expect((fault == nil) == isMatch, "\(fault ?? "no difference")")
    }

    @Test func variablesAreCompared() {
        #expect(ConformancePattern.difference(["$var": "x"], 3, ["x": 3]) == nil)
        #expect(ConformancePattern.difference(["$var": "x"], 4, ["x": 3]) != nil)
        #expect(ConformancePattern.difference(["$var": "y"], nil, [:]) != nil)
    }

    private static let protocolFolder = Toolchain.root + "/protocol"

    @Test(.enabled(if: Toolchain.hasPython))
    func aWorkerThatKeepsTheProtocolPasses() async throws {
        var place = Workplace()
        place.environment = ProcessInfo.processInfo.environment
        place.environment["PYTHONPATH"] = "\(Toolchain.root)/sdks/python/src:\(Toolchain.root)/sdks/python"
        let run = await place.run(
            "conformance", "run", "--transport", "stdio", "--protocol", Self.protocolFolder, "--only", "handlers-st*",
            "--only", "unreadable-lines", "--report", "report.json", "--", Toolchain.python ?? "python3", "-m",
            "tasker_core.worker", "conformance.handlers", "--transport", "stdio")
        #expect(run.status == .ok, "\(run.output)\(run.errors)")
        #expect(run.output.split(separator: "\n").allSatisfy { $0.hasPrefix("ok ") }, "\(run.output)")
        #expect(run.errors == "2 passed, 0 failed\n")
        let report = try JSONText.parse(place.read("report.json"))
        #expect(report["outcomes"]?[0]?["status"] == "passed")
    }

    @Test func aWorkerThatBreaksItFails() async throws {
        var place = Workplace()
        place.environment = ["PATH": "/usr/bin:/bin"]
        let run = await place.run(
            "conformance", "run", "--transport", "stdio", "--protocol", Self.protocolFolder, "--only",
            "unknown-handler",
            "-o", "json", "--", "sh", "-c", "echo hello; cat >/dev/null")
        #expect(run.status == .failure)
        let detail = try JSONText.parse(run.output)["outcomes"]?[0]?["detail"]?.stringValue ?? ""
        #expect(detail.contains("a line to stdout that is no message: hello"), "\(detail)")
    }

    @Test func aProgramThatIsNotThereIsNotFound() async {
        let place = Workplace()
        let run = await place.run(
            "conformance", "run", "--transport", "stdio", "--protocol", Self.protocolFolder, "--", "no-such-worker")
        #expect(run.status == .notFound && run.errors.contains("no-such-worker"), "\(run.errors)")
    }

    @Test func scenariosAreListedAndNamed() async {
        let place = Workplace()
        let list = await place.run("conformance", "list", "--protocol", Self.protocolFolder, "-o", "name")
        #expect(list.output.contains("one-message-each-way\n"))
        let slip = await place.run("conformance", "list", "--protocol", Self.protocolFolder, "--only", "time-ot")
        #expect(slip.status == .notFound && slip.errors.contains("did you mean 'time-out'?"), "\(slip.errors)")
        #expect(await place.run("conformance", "list").status == .notFound)
        #expect(await place.run("conformance", "run", "--protocol", Self.protocolFolder).status == .usage)
    }
}
