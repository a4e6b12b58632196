import TaskerProtocol
import Testing

@testable import TaskerTemplates

@Suite struct ReadingTests {
    /// Text, and what it means; nil for a number that cannot be kept.
    @Test(
        arguments: [
            ("", .null), ("~", .null), ("null", .null), ("Null", .null), ("nULL", "nULL"), ("true", true),
            ("FALSE", false),
            ("yes", "yes"), ("no", "no"), ("on", "on"), ("off", "off"), ("y", "y"), ("0", 0), ("-0", 0), ("+12", 12),
            ("007", 7), ("0x1F", 31), ("0xg", "0xg"), ("0o17", 15), ("0o8", "0o8"), ("0b1", "0b1"), ("1_000", "1_000"),
            ("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("1.e3", 1000.0), ("-1.5E-1", -0.15), ("+.5", 0.5),
            (".", "."), ("-", "-"), ("1e", "1e"), ("e3", "e3"), ("1.2.3", "1.2.3"), ("12:30", "12:30"),
            ("2024-01-01", "2024-01-01"), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", nil), ("0x8000000000000000", nil), ("1e400", nil), (".inf", nil), ("-.INF", nil),
            (".nan", nil), ("-.nan", "-.nan"), ("infinity", "infinity"), ("nan", "nan"), ("-0.0", 0.0),
        ] as [(String, JSONValue?)])
    func coreSchema(_ text: String, _ expected: JSONValue?) {
        #expect(CoreSchema.resolve(text) == expected.map { .value($0) } ?? .unrepresentable)
    }

    @Test(
        arguments: [
            ("2", 2000), ("0.5", 500), ("0.0005", 1), ("0.00049", 0), ("1.0004999999", 1000), ("1.0005", 1001),
            ("1e1", 10_000),
            ("1.5e-3", 2), ("0x10", 16_000), ("+3", 3000), ("-1.5", -1500), ("-0.0005", -1), (".5", 500), ("5.", 5000),
            ("0e999999999999", 0), ("1e-999999999999", 0), ("1e999999999999", nil), ("99999999999999999999", nil),
            ("x", nil),
            ("", nil), ("0.0000e5", 0), ("0.00001e5", 1000), ("0.1e-3", 0),
        ] as [(String, Int64?)])
    func seconds(_ text: String, _ expected: Int64?) {
        #expect(DecimalNumber.milliseconds(fromSeconds: text) == expected)
    }

    @Test func mergeKeys() throws {
        let parsed = try template(
            head + """
                metadata:
                  base: &base { a: 1, b: 2 }
                  other: &other { b: 3, c: 4 }
                  one: { <<: *base, b: 9 }
                  two: { b: 9, <<: [*base, *other] }
                  chained: { <<: { <<: *other, d: 5 } }
                  quoted: { "<<": x }
                """ + "\nsteps:\n" + step("a"))
        #expect(parsed.metadata["one"] == ["a": 1, "b": 9])
        #expect(parsed.metadata["two"] == ["a": 1, "b": 9, "c": 4])
        #expect(parsed.metadata["chained"] == ["b": 3, "c": 4, "d": 5])
        #expect(parsed.metadata["quoted"] == ["<<": "x"])
    }

    @Test(arguments: [
        ("{ <<: 5 }", ["TYPE_MISMATCH 4:17"]), ("{ <<: [{}, x] }", ["TYPE_MISMATCH 4:22"]),
        ("{ <<: { a: 1 }, <<: { b: 2 } }", ["DUPLICATE_KEY 4:27"]),
        ("&m { <<: *m }", ["YAML_ALIAS_CYCLE 4:20"]),
    ])
    func mergeFaults(_ yaml: String, _ expected: [String]) {
        #expect(findings(head + "metadata: \(yaml)\nsteps:\n" + step("a")) == expected)
    }

    @Test func anchorsServeTemplates() throws {
        let parsed = try template(
            head + """
                steps:
                  - name: a
                    handler: &h { callable: H, initialization: { x: [1, 2.5, null, text] } }
                    retry: &r { max_attempts: 7 }
                  - { name: b, handler: *h, retry: { <<: *r, jitter: 0 }, depends_on: a }
                """)
        #expect(parsed.steps[1].handler == parsed.steps[0].handler)
        #expect(parsed.steps[1].retry == RetryPolicy(maxAttempts: 7, jitter: 0))
        #expect(parsed.steps[1].handler.initialization == ["x": [1, 2.5, nil, "text"]])
    }

    // MARK: - JSON

    private func parse(json: String) -> ParsedTemplate {
        TemplateParser().parse(json: Array(json.utf8), file: "body")
    }

    @Test func jsonGivesTheSameTemplate() throws {
        let json = """
            {"name":"t","namespace":"n","version":"1.0.0",
             "step_templates":[{"name":"a","handler":{"callable":"H\\u00e9\\ud83d\\ude00"},"retry":{"backoff_base_seconds":1.5}}]}
            """
        let yaml = head + "steps: [{ name: a, handler: { callable: 'Hé😀' }, retry: { backoff_base_ms: 1500 } }]"
        let parsed = parse(json: json)
        #expect(parsed.findings == [])
        #expect(try #require(parsed.template).hash == template(yaml).hash)
    }

    @Test func jsonFindingsHavePointers() {
        let parsed = parse(
            json: """
                {"name":"t","namespace":"n","version":1.10,
                  "steps":[{"name":"a","handler":{"callable":""},"a/b":1,"a/b":2}]}
                """)
        let shown = parsed.findings.map { "\($0.code.rawValue) \($0.line):\($0.column) \($0.pointer ?? "-")" }
        #expect(
            shown == [
                "VERSION_NOT_SEMVER 1:39 /version", "VERSION_UNQUOTED 1:39 /version",
                "EMPTY_CALLABLE 2:46 /steps/0/handler/callable",
                "UNKNOWN_KEY 2:50 /steps/0/a~1b", "DUPLICATE_KEY 2:58 -",
            ])
    }

    @Test(arguments: [
        ("{", "JSON_SYNTAX"), ("[1,]", "JSON_SYNTAX"), ("{\"a\":\"\\u0000\"}", "YAML_CHARACTER"),
        ("{\"a\":99999999999999999999}", "OUT_OF_RANGE"), (String(repeating: "[", count: 100), "YAML_TOO_DEEP"),
        ("", "JSON_SYNTAX"),
        ("[" + String(repeating: "1,", count: 100_000) + "1]", "YAML_ALIAS_BOMB"),
        ("{\"name\":\"" + String(repeating: "x", count: 1 << 20) + "\"}", "YAML_TOO_LARGE"), ("[]", "TYPE_MISMATCH"),
    ])
    func jsonFaults(_ json: String, _ code: String) {
        #expect(parse(json: json).findings.map(\.code.rawValue) == [code])
    }

    @Test func longScalarInJSON() {
        let json =
            "{\"name\":\"t\",\"namespace\":\"n\",\"version\":\"1.0.0\",\"steps\":[],\"description\":\"\(String(repeating: "x", count: 65_537))\"}"
        #expect(parse(json: json).findings.map(\.code).contains(.scalarTooLong))
    }

    // MARK: - Hints

    @Test(arguments: [
        ("ca", "abc", 2), ("", "abc", 3), ("abc", "abc", 0), ("teh", "the", 1), ("kitten", "sitting", 3),
        ("ab", "ba", 1),
    ])
    func distance(_ left: String, _ right: String, _ expected: Int) {
        #expect(Suggestion.damerauLevenshtein(Array(left), Array(right)) == expected)
        #expect(Suggestion.damerauLevenshtein(Array(right), Array(left)) == expected)
    }

    @Test(arguments: [
        ("depends", nil), ("dependancies", "dependencies"), ("TYPE", "type"), ("depends-on", "depends_on"),
        ("tpye", "type"),
        ("tpe", "type"), ("typo2", nil), ("retyr", "retry"), ("rt", nil), ("Timeout-Seconds", "timeout_seconds"),
    ])
    func suggestions(_ name: String, _ expected: String?) {
        #expect(
            Suggestion.nearest(to: name, among: ["type", "dependencies", "depends_on", "retry", "timeout_seconds"])
                == expected)
    }
}
