import TaskerProtocol
import Testing

@testable import TaskerTemplates

@Suite struct GraphTests {
    /// Steps as `name: dependencies` or `name(type): dependencies`, one per line.
    private func graph(_ text: String) -> ParsedTemplate {
        var yaml = head + "steps:\n"
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            let left = parts[0].split(separator: "(")
            let type = left.count == 2 ? left[1].dropLast() : "standard"
            yaml += "- {name: \(left[0]), handler: {callable: H}, type: \(type), dependencies: [\(parts[1])]}\n"
        }
        return parse(yaml)
    }

    private func messages(_ text: String, _ code: DiagnosticCode) -> [String] {
        graph(text).findings.filter { $0.code == code }.map(\.message)
    }

    // MARK: - Cycles

    @Test(arguments: [
        ("a: b\nb: a", ["a -> b -> a"]),
        ("a: c\nb: a\nc: b", ["a -> c -> b -> a"]),
        ("a: b\nb: a\nc: d\nd: c, a", ["a -> b -> a", "c -> d -> c"]),
        ("a: b, c\nb: d\nc: a\nd: a", ["a -> c -> a"]),
        ("z: \na: z, e\nb: a\nc: b\nd: c\ne: d, c", ["a -> e -> c -> b -> a"]),
        ("a: \nb: a\nc: a, b", []),
    ])
    func cycles(_ text: String, _ paths: [String]) {
        #expect(
            messages(text, .cycleDetected) == paths.map { "steps depend on each other in a cycle: \($0)" })
        #expect(graph(text).hasCycles == !paths.isEmpty)
    }

    @Test func cyclesPointAtTheirSteps() throws {
        let finding = try #require(graph("a: b\nb: c\nc: a").findings.first)
        #expect(finding.code == .cycleDetected && finding.step == "a")
        #expect(finding.line == 5 && finding.related.map(\.line) == [6, 7])
    }

    @Test func selfDependencyIsACycleOfItsOwn() {
        let parsed = graph("a: a\nb: a")
        #expect(parsed.hasCycles)
        #expect(parsed.findings.map(\.code) == [.selfDependency])
    }

    /// One ring of ten thousand steps: neither the stack nor the time may depend on its square.
    @Test func longCycle() {
        let count = 10_000
        let cycles = CycleFinder((0..<count).map { [($0 + 1) % count] }).shortestCycles()
        #expect(cycles == [Array(0..<count)])
    }

    @Test func shortestCycleAmongMany() {
        // A ring with one chord that makes a cycle of three.
        var edges = (0..<1000).map { [($0 + 1) % 1000] }
        edges[502].append(500)
        #expect(CycleFinder(edges).shortestCycles() == [[500, 501, 502]])
    }

    // MARK: - Names

    @Test func nearestStepNamesAreHints() {
        let parsed = graph("validate_order: \nship: validate_ordr")
        #expect(parsed.findings.compactMap(\.hint) == ["did you mean 'validate_order'?"])
    }

    @Test func orphans() {
        #expect(messages("a: \nb: a\nc: ", .orphanStep) == ["step 'c' has no dependencies and no dependents"])
        #expect(messages("a: ", .orphanStep) == [])
    }

    // MARK: - Joins of branches

    @Test(
        arguments: [
            // Two branches of one decision.
            ("s: \nd(decision): s\na: d\nb: d\nj: a, b", "j"),
            ("s: \nd(decision): s\na: d\nb: d\na2: a\nj: a2, b", "j"),
            // One branch after the other, or a diamond in one branch.
            ("s: \nd(decision): s\na: d\na2: a\nj: a, a2", nil),
            ("s: \nd(decision): s\na: d\nx: a\ny: a\nj: x, y", nil),
            // A convergence is what joins branches.
            ("s: \nd(decision): s\na: d\nb: d\nj(deferred_convergence): a, b", nil),
            // The decision itself is always there, and so is what came before.
            ("s: \nd(decision): s\na: d\nj: a, d, s", nil),
            // Behind a convergence nothing is selected any more.
            ("s: \nd(decision): s\na: d\nb: d\nj(deferred_convergence): a, b\nx: j\ny: j\nz: x, y", nil),
            // A nested decision has branches of its own.
            ("s: \nd(decision): s\ne(decision): d\na: e\nb: e\nj: a, b", "j"),
            ("s: \nd(decision): s\ne(decision): d\na: e\nb: d\nj: a, b", nil),
        ] as [(String, String?)])
    func branchJoins(_ text: String, _ step: String?) {
        let found = graph(text).findings.filter { $0.code == .branchJoinNotDeferred }.map(\.step)
        #expect(found == (step.map { [$0] } ?? []))
    }

    // MARK: - Batches

    @Test(
        arguments: [
            ("b(batchable): \nw(batch_worker): b", []),
            ("b(batchable): \nx: b", [.batchableWithoutWorker]),
            ("a: \nw(batch_worker): a", [.batchWorkerUnreferenced]),
            ("a: \nw(batch_worker): a\nj(deferred_convergence): w", []),
        ] as [(String, [DiagnosticCode])])
    func batches(_ text: String, _ expected: [DiagnosticCode]) {
        #expect(graph(text).findings.map(\.code) == expected)
    }

    @Test(arguments: [
        ("handler: { callable: H, initialization: { worker_template_name: w } }", []),
        ("handler: { callable: H }, batch_config: { worker_template: w }", []),
        (
            "handler: { callable: H, initialization: { worker_template_name: ww } }",
            ["UNKNOWN_WORKER_TEMPLATE 5:95", "BATCH_WORKER_UNREFERENCED 6:3", "ORPHAN_STEP 6:3"]
        ),
        (
            "handler: { callable: H }, batch_config: { worker_template: b }",
            ["UNKNOWN_WORKER_TEMPLATE 5:90", "BATCH_WORKER_UNREFERENCED 6:3", "ORPHAN_STEP 6:3"]
        ),
        (
            "handler: { callable: H }, batch_config: { batch_size: 0, parallelism: 1001, cursor_field: '', failure_strategy: x, checkpoint_interval: 1, worker_template: w }",
            ["OUT_OF_RANGE 5:85", "OUT_OF_RANGE 5:101", "OUT_OF_RANGE 5:121", "BAD_ENUM 5:143"]
        ),
    ])
    func workerTemplates(_ fields: String, _ expected: [String]) {
        let yaml =
            head
            + "steps:\n- { name: b, type: batchable, \(fields) }\n- { name: w, type: batch_worker, handler: { callable: W } }\n"
        #expect(findings(yaml) == expected)
    }

    /// Sizes at which a quadratic check would be felt: everything of ten thousand steps in one template.
    @Test func largeTemplates() {
        let steps = (0..<8_000).map {
            "- {name: s\($0), handler: {callable: H}, dependencies: [\($0 == 0 ? "" : "s\($0 - 1)")]}\n"
        }
        let parsed = parse(head + "steps:\n" + steps.joined())
        #expect(parsed.template?.steps.count == 8_000)
        #expect(parsed.findings == [])
    }
}
