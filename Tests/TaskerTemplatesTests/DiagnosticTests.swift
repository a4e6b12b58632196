import TaskerProtocol
import TaskerTemplates
import Testing

/// A template and what is found in it.
struct Case: Sendable, CustomTestStringConvertible {
    var yaml: String
    var expected: [String]
    var testDescription: String { expected.joined(separator: ", ") }

    init(_ yaml: String, _ expected: String...) {
        self.yaml = yaml
        self.expected = expected
    }
}

@Suite struct DiagnosticTests {
    @Test(arguments: [
        Case(head + "steps:\n" + step("a")),
        Case("a: [1, 2\nb: 3", "YAML_SYNTAX 2:2"),
        Case(head + "steps:\n\t- x", "YAML_SYNTAX 5:1"),
        Case(head + "metadata: { a: !secret x }\nsteps:\n" + step("a"), "YAML_TAG 4:16"),
        Case(head + "metadata: { a: !!binary x }\nsteps:\n" + step("a"), "YAML_TAG 4:16"),
        Case(
            head + "metadata: { a: !!int x, b: !!int 5, c: !!str 5, d: !!float 5 }\nsteps:\n" + step("a"),
            "YAML_TAG 4:16"),
        Case(head + "metadata: { a: \"x\\0y\" }\nsteps:\n" + step("a"), "YAML_CHARACTER 4:16"),
        Case(head + "name: u\nsteps:\n" + step("a"), "DUPLICATE_KEY 4:1"),
        Case(
            head + "metadata: { 1: a, true: b, ~: c, [x]: d, on: e, y: f }\nsteps:\n" + step("a"),
            "KEY_NOT_STRING 4:13", "KEY_NOT_STRING 4:19", "KEY_NOT_STRING 4:28", "KEY_NOT_STRING 4:34"),
        Case(head + "metadata: { a: *b }\n", "YAML_SYNTAX 4:16"),
        Case(head + "metadata: &a { b: *a }\n", "YAML_ALIAS_CYCLE 4:19"),
        Case(
            head + "metadata: { a: 99999999999999999999, b: 1e999, c: .nan, d: -.inf }\nsteps:\n" + step("a"),
            "OUT_OF_RANGE 4:16", "OUT_OF_RANGE 4:41", "OUT_OF_RANGE 4:51", "OUT_OF_RANGE 4:60"),
    ])
    func reading(_ item: Case) { #expect(findings(item.yaml) == item.expected) }

    @Test(arguments: [
        Case("[]", "TYPE_MISMATCH 1:1"),
        Case("x", "TYPE_MISMATCH 1:1"),
        Case("null", "TYPE_MISMATCH 1:1"),
        Case("{}", "MISSING_FIELD 1:1", "MISSING_FIELD 1:1", "MISSING_FIELD 1:1", "NO_STEPS 1:1"),
        Case("name:\nnamespace: n\nversion: '1.0.0'\nsteps:\n" + step("a"), "MISSING_FIELD 1:1"),
        Case(head + "stepz: []\nsteps:\n" + step("a"), "UNKNOWN_KEY 4:1"),
        Case(head, "NO_STEPS 1:1"),
        Case(head + "steps: []", "NO_STEPS 4:1"),
        Case(head + "steps: x", "TYPE_MISMATCH 4:8"),
        Case(head + "steps: [x, null, 3]", "TYPE_MISMATCH 4:9", "TYPE_MISMATCH 4:12", "TYPE_MISMATCH 4:18"),
        Case(
            "name: 1a\nnamespace: n.x\nversion: -1\nsteps:\n" + step("a"),
            "BAD_NAME 1:7", "BAD_NAME 2:12", "BAD_NAME 3:10", "VERSION_UNQUOTED 3:10"),
        Case(
            "name: 5\nnamespace: [n]\nversion: true\nsteps:\n" + step("a"),
            "TYPE_MISMATCH 1:7", "TYPE_MISMATCH 2:12", "TYPE_MISMATCH 3:10"),
        Case("name: ''\nnamespace: n\nversion: '1.0.0'\nsteps:\n" + step("a"), "OUT_OF_RANGE 1:7"),
        Case("name: t\nnamespace: a-b\nversion: '1.0.0'\nsteps:\n" + step("a"), "NAMESPACE_NOT_PORTABLE 2:12"),
        Case(
            "name: t\nnamespace: \(String(repeating: "a", count: 30))\nversion: '1.0.0'\nsteps:\n" + step("a"),
            "NAMESPACE_NOT_PORTABLE 2:12"),
        Case(
            "name: t\nnamespace: \(String(repeating: "a", count: 65))\nversion: '1.0.0'\nsteps:\n" + step("a"),
            "OUT_OF_RANGE 2:12"),
        Case(
            "name: t\nnamespace: n\nversion: 1.10\nsteps:\n" + step("a"),
            "VERSION_NOT_SEMVER 3:10", "VERSION_UNQUOTED 3:10"),
        Case("name: t\nnamespace: n\nversion: '1.0'\nsteps:\n" + step("a"), "VERSION_NOT_SEMVER 3:10"),
        Case("name: t\nnamespace: n\nversion: 1.0.0-rc.1+b\nsteps:\n" + step("a")),
        Case(head + "identity_strategy: stict\nsteps:\n" + step("a"), "BAD_ENUM 4:20"),
        Case(head + "metadata: []\nsteps:\n" + step("a"), "TYPE_MISMATCH 4:11"),
        Case(
            head
                + "lifecycle: { max_duration_minutes: 0, auto_dlq_on_timeout: yes, x: 1, staleness_action: drop }\nsteps:\n"
                + step("a"),
            "OUT_OF_RANGE 4:36", "TYPE_MISMATCH 4:60", "UNKNOWN_KEY 4:65", "BAD_ENUM 4:89"),
        Case(head + "namespace_name: n\nsteps:\n" + step("a"), "ALIAS_REPEATED 4:1"),
        Case(head + "namespace_name: m\nsteps:\n" + step("a"), "ALIAS_CONFLICT 4:1"),
        Case(head + "domain_events: 1\nsystem_dependencies: 2\ntask_handler: 3\nloaded_from: 4\nsteps:\n" + step("a")),
    ])
    func root(_ item: Case) { #expect(findings(item.yaml) == item.expected) }

    @Test(arguments: [
        Case(head + "steps:\n  - handler: { callable: H }\n", "MISSING_FIELD 5:5"),
        Case(head + "steps:\n  - name: a\n", "MISSING_FIELD 5:5"),
        Case(head + "steps:\n  - name: a\n    handler: H\n", "TYPE_MISMATCH 6:14"),
        Case(head + "steps:\n  - name: a\n    handler: {}\n", "MISSING_FIELD 6:14"),
        Case(head + "steps:\n  - name: a\n    handler: { callable: ' ' }\n", "EMPTY_CALLABLE 6:26"),
        Case(
            head + "steps:\n  - name: a\n    handler: { callable: 5, method: '', queue: amq.x, resolver: 1, z: 1 }\n",
            "TYPE_MISMATCH 6:26", "OUT_OF_RANGE 6:37", "QUEUE_RESERVED 6:48", "TYPE_MISMATCH 6:65", "UNKNOWN_KEY 6:68"),
        Case(head + "steps:\n  - name: a\n    handler: { callable: H, queue: 'a b' }\n", "BAD_NAME 6:36"),
        Case(head + "steps:\n" + step("ALL"), "RESERVED_STEP_NAME 5:11"),
        Case(head + "steps:\n" + step("1a"), "BAD_NAME 5:11"),
        Case(
            head + "steps:\n" + step("a") + step("a"), "DUPLICATE_STEP_NAME 7:11", "ORPHAN_STEP 5:5", "ORPHAN_STEP 7:5"),
        Case(head + "steps:\n" + step("a", "    timeout_seconds: 0\n"), "OUT_OF_RANGE 7:22"),
        Case(head + "steps:\n" + step("a", "    timeout_seconds: 604800.1\n"), "OUT_OF_RANGE 7:22"),
        Case(head + "steps:\n" + step("a", "    timeout_seconds: soon\n"), "TYPE_MISMATCH 7:22"),
        Case(head + "steps:\n" + step("a", "    timout_seconds: 1\n"), "UNKNOWN_KEY 7:5"),
        Case(head + "steps:\n" + step("a", "    type: standart\n"), "BAD_ENUM 7:11"),
        Case(
            head + "steps:\n" + step("a", "    composition: { x: 1 }\n    lifecycle: 1\n    system_dependency: 2\n"),
            "COMPOSITION_UNSUPPORTED 7:5"),
        Case(head + "steps:\n" + step("a", "    batch_config: { batch_size: 1 }\n"), "BATCH_CONFIG_IGNORED 7:5"),
        Case(
            head + "steps:\n" + step("a") + step("b", "    depends_on: [a, a, c, b]\n"),
            "DEPENDENCY_REPEATED 9:21", "MISSING_DEP_REF 9:24", "SELF_DEPENDENCY 9:27"),
        Case(
            head + "steps:\n" + step("a") + step("b", "    depends_on: { a: 1 }\n"),
            "ORPHAN_STEP 5:5", "ORPHAN_STEP 7:5", "TYPE_MISMATCH 9:17"),
        Case(head + "steps:\n" + step("a") + step("b", "    depends_on: [1, a]\n"), "TYPE_MISMATCH 9:18"),
        Case(
            head + "steps:\n" + step("a") + step("b", "    depends_on: [a]\n    dependencies: a\n"),
            "ALIAS_REPEATED 10:5"),
        Case(
            head + "steps:\n" + step("a") + step("b", "    depends_on: [a]\n    dependencies: []\n"),
            "ALIAS_CONFLICT 10:5"),
        Case(head + "steps:\n" + step("a", "    type: decision\n"), "DECISION_WITHOUT_DEPENDENCY 5:5"),
    ])
    func steps(_ item: Case) {
        let expected = item.expected.sorted { position($0).lexicographicallyPrecedes(position($1)) }
        #expect(findings(item.yaml) == expected)
    }

    @Test(arguments: [
        Case("{ max_attempts: 0 }", "MAX_ATTEMPTS_ZERO 7:28"),
        Case("{ max_attempts: 101 }", "OUT_OF_RANGE 7:28"),
        Case("{ max_attempts: 1.5 }", "TYPE_MISMATCH 7:28"),
        Case("{ retryable: false, max_attempts: 2 }", "RETRYABLE_FALSE_WITH_ATTEMPTS 7:46"),
        Case("{ retryable: false, max_attempts: 1 }"),
        Case("{ retryable: no }", "TYPE_MISMATCH 7:25"),
        Case("{ backoff: quadratic }", "BAD_ENUM 7:23"),
        Case("{ backoff_base_ms: 3600001 }", "OUT_OF_RANGE 7:31"),
        Case("{ backoff_base_ms: 60000 }", "BACKOFF_CAP_BELOW_BASE 7:14"),
        Case("{ backoff_base_ms: 60000, max_backoff_ms: 10 }", "BACKOFF_CAP_BELOW_BASE 7:38"),
        Case("{ backoff_base_seconds: 3600.0004, max_backoff_seconds: 3600 }"),
        Case("{ backoff_base_seconds: 3600.0005, max_backoff_seconds: 7200 }", "OUT_OF_RANGE 7:36"),
        Case("{ backoff_base_seconds: 2, backoff_base_ms: 2000 }", "ALIAS_REPEATED 7:39"),
        Case("{ backoff_base_seconds: 2, backoff_base_ms: 2001 }", "ALIAS_CONFLICT 7:39"),
        Case(
            "{ max_backoff_seconds: 2, backoff_max_seconds: 2.0, max_backoff_ms: 2000 }",
            "ALIAS_REPEATED 7:38", "ALIAS_REPEATED 7:64"),
        Case("{ backoff: linear, backoff_strategy: none }", "ALIAS_CONFLICT 7:31"),
        Case("{ jitter: 1.1 }", "OUT_OF_RANGE 7:22"),
        Case("{ jitter: lots }", "TYPE_MISMATCH 7:22"),
        Case("{ initial_delay: 1, max_delay: 2, limit: 3 }"),
        Case("[]", "TYPE_MISMATCH 7:12"),
    ])
    func retry(_ item: Case) {
        #expect(findings(head + "steps:\n" + step("a", "    retry: \(item.yaml)\n")) == item.expected)
    }

    @Test(arguments: [
        Case("[{ name: order.created, description: d }]"),
        Case("[{ name: order }]", "EVENT_NAME 7:32"),
        Case("[{ name: Order.created }]", "EVENT_NAME 7:32"),
        Case("[{ name: order..created }]", "EVENT_NAME 7:32"),
        Case("[{}]", "MISSING_FIELD 7:24"),
        Case("[order.created]", "TYPE_MISMATCH 7:24"),
        Case(
            "[{ name: a.b, condition: sucess, delivery_mode: slow, publisher: 'a b', schema: 5 }]",
            "BAD_ENUM 7:48", "BAD_ENUM 7:71", "BAD_NAME 7:88", "SCHEMA_NOT_OBJECT 7:103"),
        Case("[{ name: a.b }, { name: a.b }]", "EVENT_REPEATED 7:47"),
        Case("[{ name: a.b, condition: failure }, { name: a.b, condition: retryable_failure }]", "EVENT_REPEATED 7:67"),
        Case("[{ name: a.b, condition: permanent_failure }, { name: a.b, condition: retryable_failure }]"),
        Case("[{ name: a.b, publisher: 'My::Own.Publisher' }]"),
    ])
    func events(_ item: Case) {
        #expect(findings(head + "steps:\n" + step("a", "    publishes_events: \(item.yaml)\n")) == item.expected)
    }

    @Test(arguments: [
        Case("{ type: object }"),
        Case("true"),
        Case("5", "SCHEMA_NOT_OBJECT 7:20"),
        Case("[]", "SCHEMA_NOT_OBJECT 7:20"),
        Case("{ type: objekt }", "SCHEMA_INVALID 7:28"),
        Case("{ properties: { a: { $ref: 'https://example.com/x' } } }", "SCHEMA_REMOTE_REF 7:47"),
        Case("{ properties: { a: { $ref: '#/$defs/x' } } }", "SCHEMA_INVALID 7:47"),
        Case(
            "{ type: x, pattern: '(' , minLength: -1 }",
            "SCHEMA_INVALID 7:28", "SCHEMA_INVALID 7:40", "SCHEMA_INVALID 7:57"),
    ])
    func schemas(_ item: Case) {
        #expect(findings(head + "steps:\n" + step("a", "    result_schema: \(item.yaml)\n")) == item.expected)
    }

    @Test(arguments: [
        Case("{ production: { steps: [{ name: a, timeout_seconds: 5 }, { name: ALL }] } }"),
        Case("{ production: }"),
        Case("[]", "TYPE_MISMATCH 4:15"),
        Case("{ p: { step: [] } }", "UNKNOWN_KEY 4:22"),
        Case("{ p: { steps: [{ name: aa }] } }", "UNKNOWN_OVERRIDE_STEP 4:38"),
        Case("{ p: { steps: [{}] } }", "MISSING_FIELD 4:30"),
        Case(
            "{ p: { steps: [{ name: a, type: standard, handler: { callable: X } }] } }",
            "UNKNOWN_KEY 4:41", "UNKNOWN_KEY 4:68"),
        Case(
            "{ p: { steps: [{ name: a, retry: { max_attempts: 0 }, handler: { queue: amq.a } }] } }",
            "MAX_ATTEMPTS_ZERO 4:64", "QUEUE_RESERVED 4:87"),
    ])
    func environments(_ item: Case) {
        #expect(findings(head + "environments: \(item.yaml)\nsteps:\n" + step("a")) == item.expected)
    }

    @Test func hiddenFindingsAppearWhenAskedFor() {
        let yaml =
            head + "task_handler: x\nsteps:\n" + step("a", "    lifecycle: 1\n    publishes_events: [{ name: a.b }]\n")
        #expect(findings(yaml) == [])
        #expect(
            findings(yaml, verbose: true) == ["LEGACY_KEY 4:1", "NO_RESULT_SCHEMA 6:5", "EVENT_NO_DESCRIPTION 9:24"])
        let legacy = parse(yaml, verbose: true).findings.first
        #expect(legacy?.message == "legacy keys without effect: 'task_handler', 'lifecycle'")
    }

    @Test func strictTurnsWarningsIntoErrors() {
        #expect(parse(head).template != nil)
        let strict = parse(head, strict: true)
        #expect(strict.template == nil)
        #expect(strict.findings.map(\.severity) == [.error])
    }

    /// Every code has a severity that the contract's table gives it; a code missing here was forgotten in a test.
    @Test func codesAreStable() {
        let warnings = DiagnosticCode.allCases.filter { $0.severity == .warning }.map(\.rawValue)
        #expect(
            warnings == [
                "UNKNOWN_KEY", "ALIAS_REPEATED", "NAMESPACE_NOT_PORTABLE", "VERSION_NOT_SEMVER", "VERSION_UNQUOTED",
                "NO_STEPS", "COMPOSITION_UNSUPPORTED", "DEPENDENCY_REPEATED", "BRANCH_JOIN_NOT_DEFERRED",
                "MAX_ATTEMPTS_ZERO", "RETRYABLE_FALSE_WITH_ATTEMPTS", "BACKOFF_CAP_BELOW_BASE",
                "BATCHABLE_WITHOUT_WORKER",
                "BATCH_CONFIG_IGNORED", "EVENT_REPEATED", "SYMLINK_OUTSIDE", "NO_FILES_FOUND",
            ])
        #expect(
            DiagnosticCode.allCases.filter { $0.severity == .info }.map(\.rawValue)
                == ["LEGACY_KEY", "ORPHAN_STEP", "EVENT_NO_DESCRIPTION", "NO_RESULT_SCHEMA"])
    }

    @Test func textAndJSON() throws {
        let parsed = parse(head + "steps:\n" + step("charge_card", "    timout_seconds: 5\n"))
        let finding = try #require(parsed.findings.first)
        #expect(
            finding.text == """
                t.yaml:7:5: warning[UNKNOWN_KEY]: unknown key 'timout_seconds' in step 'charge_card'
                    hint: did you mean 'timeout_seconds'?
                """)
        #expect(
            parsed.json == [
                "valid": true, "step_count": 1, "has_cycles": false,
                "findings": [
                    [
                        "code": "UNKNOWN_KEY", "severity": "warning", "file": "t.yaml", "line": 7, "column": 5,
                        "message": "unknown key 'timout_seconds' in step 'charge_card'", "step": "charge_card",
                        "hint": "did you mean 'timeout_seconds'?",
                    ]
                ],
            ])
        let conflict = try #require(parse(head + "namespace_name: m\n").findings.last)
        #expect(conflict.related == [.init(line: 2, column: 1, message: "'namespace' is here")])
        #expect(conflict.json["related"]?[0]?["line"] == 2)
    }

    @Test func columnsCountCharacters() {
        #expect(findings(head + "metadata: { 'äöü€😀': !x 1 }\nsteps:\n" + step("a")) == ["YAML_TAG 4:22"])
        #expect(
            findings("\u{FEFF}nam: t\nname: t\nnamespace: n\nversion: '1.0.0'\nsteps:\n" + step("a")) == [
                "UNKNOWN_KEY 1:1"
            ])
    }

    private func position(_ text: String) -> [Int] {
        text.split(separator: " ")[1].split(separator: ":").compactMap { Int($0) }
    }
}
