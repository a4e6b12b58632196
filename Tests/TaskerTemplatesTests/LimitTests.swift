import TaskerProtocol
import Testing

@testable import TaskerTemplates

/// Every limit of section 2, at its edge and one past it.
@Suite struct LimitTests {
    private func codes(_ yaml: String) -> [String] {
        TemplateParser().parse(yaml: yaml, file: "t.yaml").flatMap(\.findings).map(\.code.rawValue)
    }

    private let tail = "\nsteps:\n" + step("a")

    @Test func fileSize() {
        let base = head + "steps:\n" + step("a") + "#"
        let filling = String(repeating: "x", count: (1 << 20) - base.utf8.count)
        #expect(codes(base + filling) == [])
        #expect(codes(base + filling + "x") == ["YAML_TOO_LARGE"])
    }

    @Test(arguments: ["[", "{ a: "]) func depth(_ open: String) {
        let close = open == "[" ? "]" : "}"
        func nested(_ levels: Int) -> String {
            head + "metadata: { a: " + String(repeating: open, count: levels) + String(repeating: close, count: levels)
                + " }" + tail
        }
        #expect(codes(nested(62)) == [])
        #expect(codes(nested(63)) == ["YAML_TOO_DEEP"])
        // A hostile file is refused where it passes the limit, not at its end.
        #expect(codes(head + "metadata: " + String(repeating: open, count: 100_000)) == ["YAML_TOO_DEEP"])
    }

    @Test func aliasesCountTowardsDepth() {
        let inner = String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
        func outer(_ levels: Int) -> String {
            head + "metadata: { a: &a \(inner), b: " + String(repeating: "[", count: levels) + "*a"
                + String(repeating: "]", count: levels) + " }" + tail
        }
        #expect(codes(outer(22)) == [])
        #expect(codes(outer(23)) == ["YAML_TOO_DEEP"])
    }

    @Test func scalarLength() {
        func scalar(_ count: Int) -> String {
            head + "metadata: { a: " + String(repeating: "x", count: count) + " }" + tail
        }
        #expect(codes(scalar(65_536)) == [])
        #expect(codes(scalar(65_537)) == ["SCALAR_TOO_LONG"])
    }

    /// Nodes are counted while aliases expand: nine levels of ten stand for a thousand million.
    @Test func billionLaughs() {
        var yaml = head + "metadata:\n  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            yaml +=
                "  a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", "))]\n"
        }
        #expect(codes(yaml) == ["YAML_ALIAS_BOMB"])
    }

    @Test func mergeBomb() {
        var yaml = head + "metadata:\n  m0: &m0 { k: v }\n"
        for level in 1...40 {
            let previous = "*m\(level - 1)"
            yaml += "  m\(level): &m\(level) { <<: [\(previous), \(previous)], a: \(previous), b: \(previous) }\n"
        }
        #expect(codes(yaml) == ["YAML_ALIAS_BOMB"])
    }

    /// A long text behind many aliases is a bomb although its nodes are few.
    @Test func textBomb() {
        let text = String(repeating: "x", count: 60_000)
        let yaml =
            head + "metadata:\n  a: &a \(text)\n  b: [\(Array(repeating: "*a", count: 1000).joined(separator: ", "))]\n"
        #expect(codes(yaml) == ["YAML_ALIAS_BOMB"])
    }

    @Test func nodesAreCountedOverTheWholeFile() {
        func items(_ count: Int) -> String { "[" + Array(repeating: "1", count: count).joined(separator: ",") + "]" }
        #expect(codes(head + "metadata: { a: \(items(99_000)) }" + tail) == [])
        #expect(codes(head + "metadata: { a: \(items(100_000)) }" + tail) == ["YAML_ALIAS_BOMB"])
        let half = head + "metadata: { a: \(items(60_000)) }" + tail + "---\n"
        #expect(codes(half + half) == ["YAML_ALIAS_BOMB"])
    }

    /// The work is what is counted, so the count itself must stay at the limit for any input.
    @Test func countersStopAtTheLimit() {
        var budget = ReadingBudget(ReadingLimits())
        var failures = 0
        for _ in 0..<3 {
            do throws(ReadingFailure) {
                try budget.spend(nodes: 60_000, bytes: 0, at: .start)
            } catch {
                failures += 1
                #expect(error.code == .yamlAliasBomb)
            }
        }
        #expect(failures == 2)
    }

    @Test func stepsAndDependencies() {
        func steps(_ count: Int) -> String {
            head + "steps:\n" + (0..<count).map { "- {name: s\($0), handler: {callable: H}}\n" }.joined()
        }
        #expect(Set(codes(steps(10_000))) == ["ORPHAN_STEP"])
        #expect(codes(steps(10_001)) == ["TOO_MANY_STEPS"])

        func dependencies(_ count: Int) -> [String] {
            let names = (0..<count).map { "s\($0)" }.joined(separator: ", ")
            return codes(steps(count) + "- {name: z, handler: {callable: H}, dependencies: [\(names)]}\n")
        }
        #expect(dependencies(256) == [])
        #expect(dependencies(257).contains("TOO_MANY_DEPENDENCIES"))
    }

    /// Ten thousand unknown dependencies among ten thousand steps: hints run out, findings do not.
    @Test func hintsAreBounded() {
        let steps = (0..<5_000).map { "- {name: step_\($0), handler: {callable: H}, dependencies: [stop_\($0)]}\n" }
            .joined()
        let findings = TemplateParser().parse(yaml: head + "steps:\n" + steps, file: "t").flatMap(\.findings)
        #expect(findings.count { $0.code == .missingDependency } == 5_000)
        #expect(findings.contains { $0.hint == "did you mean 'step_0'?" })
        #expect(findings.last?.hint == nil)
    }

    @Test func severalDocuments() {
        let good = head + "steps:\n" + step("a")
        let documents = TemplateParser().parse(yaml: "---\n---\n\(good)---\n# nothing\n---\n\(good)", file: "t")
        #expect(documents.map { $0.template?.name } == ["t", "t"])
        let broken = TemplateParser().parse(yaml: "\(good)---\n[", file: "t")
        #expect(broken.map { $0.template != nil } == [true, false])
        #expect(broken.last?.findings.map(\.code) == [.yamlSyntax])
        #expect(TemplateParser().parse(yaml: "", file: "t").isEmpty)
    }

    @Test(
        arguments: [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0x61, 0x00, 0x62], [0xFE, 0xFF, 0x00, 0x61]] as [[UInt8]]
    )
    func noUTF8(_ bytes: [UInt8]) {
        #expect(TemplateParser().parse(yaml: bytes, file: "t").flatMap(\.findings).map(\.code) == [.yamlSyntax])
    }
}
