import Foundation
import TaskerProtocol
import TaskerTemplates
import Testing

@testable import TaskerCommands

/// validate, show, visualize, diff.
@Suite struct TaskTemplateTests {
    static let broken = """
        name: order
        namespace: shop
        version: "1.0.0"
        steps:
          - name: a
            handler: {callable: A}
            timout_seconds: 5
          - name: b
            handler: {callable: B}
            dependencies: [aa, b]

        """

    static let good = """
        name: order
        namespace: shop
        version: "1.0.0"
        input_schema: {type: object, required: [id], properties: {id: {type: integer}}}
        environments:
          production:
            steps: [{name: a, timeout_seconds: 120}]
        steps:
          - name: a
            handler: {callable: A}
            result_schema: {type: object, properties: {x: {type: string}}}
          - name: choose
            type: decision
            handler: {callable: Choose}
            dependencies: [a]
          - name: left
            handler: {callable: Left}
            dependencies: [choose]
          - name: right
            handler: {callable: Right}
            dependencies: [choose]
          - name: "join"
            type: deferred_convergence
            handler: {callable: Join}
            dependencies: [left, right]

        """

    // MARK: - validate

    @Test func findingsShowTheirLine() async throws {
        let place = Workplace()
        try place.write("order.yaml", Self.broken)
        let run = await place.run("template", "validate", "order.yaml")
        #expect(run.status == .failure)
        let expected = """
            order.yaml:7:5: warning[UNKNOWN_KEY]: unknown key 'timout_seconds' in step 'a'
                7 |     timout_seconds: 5
                  |     ^
                hint: did you mean 'timeout_seconds'?
            """
        #expect(run.output.contains(expected), "\(run.output)")
        #expect(run.output.contains("order.yaml:10:20: error[MISSING_DEP_REF]"))
        #expect(run.errors == "1 file, 1 template, 2 steps, 2 errors, 1 warning\n")
    }

    @Test func allFormatsSayTheSame() async throws {
        let place = Workplace()
        try place.write("order.yaml", Self.broken)
        let validate = ["template", "validate", "order.yaml", "--format"]
        let json = try JSONText.parse(await place.run(validate + ["json"]).output)
        let findings = try #require(json["findings"]?.arrayValue)
        #expect(json["valid"] == false)
        #expect(json["step_count"] == 2)
        #expect(findings.count == 4)

        let table = await place.run(validate + ["table"]).output
        let github = await place.run(validate + ["github"]).output.split(separator: "\n")
        let sarif = try JSONText.parse(await place.run(validate + ["sarif"]).output)
        let results = sarif["runs"]?[0]?["results"]?.arrayValue ?? []
        #expect(github.count == 4)
        #expect(results.count == 4)
        for (index, finding) in findings.enumerated() {
            let (code, line) = (finding["code"]?.stringValue ?? "", finding["line"]?.integerValue ?? 0)
            let column = finding["column"]?.integerValue ?? 0
            #expect(table.contains("order.yaml:\(line):\(column): \(finding["severity"]?.stringValue ?? "")[\(code)]"))
            #expect(github[index].contains("file=order.yaml,line=\(line),col=\(column),title=\(code)::"))
            let region = results[index]["locations"]?[0]?["physicalLocation"]?["region"]
            #expect(results[index]["ruleId"]?.stringValue == code)
            #expect(region?["startLine"]?.integerValue == line)
            #expect(region?["startColumn"]?.integerValue == column)
        }
    }

    @Test func warningsAreErrorsWhenStrict() async throws {
        var place = Workplace()
        place.input = Self.good.replacing("1.0.0", with: "one")
        #expect(await place.run("template", "validate", "-").status == .ok)
        let strict = await place.run("template", "validate", "-", "--strict")
        #expect(strict.status == .failure)
        #expect(strict.output.hasPrefix("-:3:10: error[VERSION_NOT_SEMVER]"))
    }

    @Test func directoriesAreSearched() async throws {
        let place = Workplace()
        try place.write("flows/a.yaml", Self.good)
        try place.write("flows/deep/b.yml", Self.broken)
        try place.write("flows/c.txt", "not: a template")
        let run = await place.run("template", "validate", "flows")
        #expect(run.status == .failure)
        #expect(run.errors.hasPrefix("2 files, 2 templates, 7 steps"))
        #expect(run.output.contains("flows/deep/b.yml:7:5"))
        #expect(await place.run("template", "validate", "nowhere.yaml").status == .notFound)
    }

    @Test func environmentsThatNoTemplateKnowsAreReported() async throws {
        let place = Workplace()
        try place.write("a.yaml", Self.good)
        let run = await place.run("template", "validate", "a.yaml", "--environment", "prodution")
        #expect(run.status == .ok)
        #expect(run.errors.contains("did you mean 'production'?"))
    }

    // MARK: - show

    @Test func showResolvesAnEnvironment() async throws {
        let place = Workplace()
        try place.write("a.yaml", Self.good)
        let run = await place.run("template", "show", "a.yaml", "--environment", "production", "-o", "json")
        #expect(try JSONText.parse(run.output)["steps"]?[0]?["timeout_seconds"] == 120)
        // What is shown can be fed back and means the same.
        let plain = await place.run("template", "show", "a.yaml", "-o", "json")
        try place.write("b.yaml", await place.run("template", "show", "a.yaml").output)
        #expect(await place.run("template", "show", "b.yaml", "-o", "json").output == plain.output)
    }

    // MARK: - visualize

    private func graph(_ format: String) async throws -> String {
        let place = Workplace()
        try place.write("a.yaml", Self.good)
        let run = await place.run("template", "visualize", "a.yaml", "-f", format)
        #expect(run.status == .ok, "\(run.errors)")
        return run.output
    }

    @Test func mermaid() async throws {
        #expect(
            try await graph("mermaid") == """
                graph TD
                    s0["a"]
                    s1{"choose"}
                    s2["left"]
                    s3["right"]
                    s4[/"join"\\]
                    s0 --> s1
                    s1 -.-> s2
                    s1 -.-> s3
                    s2 --> s4
                    s3 --> s4

                """)
    }

    @Test func textTree() async throws {
        #expect(
            try await graph("ascii") == """
                shop/order 1.0.0
                `- a
                   `- choose (decision)
                      |- left
                      |  `- join (deferred_convergence)  also after: right
                      `- right

                """)
    }

    @Test func markdownHasTheTableOfSteps() async throws {
        let text = try await graph("markdown")
        #expect(text.contains("| Step | Type | Handler | Dependencies | Schema fields | Retry |"))
        #expect(text.contains("| a | standard | A | - | x | 3 attempts, exponential from 1000 ms |"))
        #expect(text.contains("Legend: "))
    }

    @Test func dotSVGAndJSON() async throws {
        #expect(try await graph("dot").contains("s1 -> s2 [style=dashed];"))
        let json = try JSONText.parse(try await graph("json"))
        #expect(json["nodes"]?[4]?["layer"] == 3)
        let svg = try await graph("svg")
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(svg.contains("stroke-dasharray"))
        if let python = Toolchain.python {
            let place = Workplace()
            try place.write("g.svg", svg)
            let parsed = try await Toolchain.run(
                python, ["-c", "import xml.dom.minidom as m; m.parse('g.svg')"], in: place.path)
            #expect(parsed.status == 0, "\(parsed.output)")
        }
    }

    @Test func notesAndFilesAndUnknownFormats() async throws {
        let place = Workplace()
        try place.write("a.yaml", Self.good)
        try place.write("notes.json", #"{"a": "slow \"<b>", "zz": "?"}"#)
        let run = await place.run(
            "template", "visualize", "a.yaml", "-f", "mermaid", "-a", "notes.json", "-o", "out.mmd")
        #expect(run.status == .ok)
        #expect(run.errors.contains("there is no step 'zz'"))
        #expect(try place.read("out.mmd").contains(#"s0["a<br/>slow #quot;&lt;b>"]"#))
        let wrong = await place.run("template", "visualize", "a.yaml", "-f", "mermaind")
        #expect(wrong.status == .usage)
        #expect(wrong.errors.contains("did you mean 'mermaid'?"))
    }

    /// Work grows with steps and edges, not with paths.
    @Test func twoThousandStepsTakeBoundedWork() async throws {
        var text = "name: big\nnamespace: shop\nversion: \"1.0.0\"\nsteps:\n"
        var edges = 0
        for index in 0..<2000 {
            let dependencies = index < 3 ? [] : (1...3).map { "s\(index - $0)" }
            edges += dependencies.count
            text +=
                "  - {name: s\(index), handler: {callable: H}, dependencies: [\(dependencies.joined(separator: ", "))]}\n"
        }
        let parsed = TemplateParser().parse(yaml: text, file: "big.yaml")
        let template = try #require(parsed.first?.template)
        let graph = StepGraphView(template)
        #expect(graph.operations == 2000 + 2 * edges)
        #expect(graph.layers.last == 1997)
        let place = Workplace()
        try place.write("big.yaml", text)
        #expect(await place.run("template", "validate", "big.yaml").status == .ok)
        for format in ["mermaid", "dot", "svg", "ascii", "markdown", "json"] {
            let run = await place.run("template", "visualize", "big.yaml", "-f", format)
            #expect(run.status == .ok)
            #expect(run.output.utf8.count < 4_000_000, "\(format)")
        }
    }

    // MARK: - diff

    private func diff(_ change: (String) -> String) async throws -> (status: TaskerCommands.ExitStatus, body: JSONValue)
    {
        let place = Workplace()
        try place.write("a.yaml", Self.good)
        try place.write("b.yaml", change(Self.good))
        let run = await place.run("template", "diff", "a.yaml", "b.yaml", "-o", "json")
        return (run.status, try JSONText.parse(run.output))
    }

    @Test func theSameTemplateHasNoChanges() async throws {
        let (status, body) = try await diff { $0 }
        #expect(status == .ok)
        #expect(body == ["breaking": false, "changes": []])
    }

    @Test(arguments: [
        ("{callable: A}", "{callable: A2}", "handler", "a"), ("x: {type: string}", "x: {type: integer}", "schema", "a"),
        ("x: {type: string}", "y: {type: string}", "schema", "a"),
        ("required: [id]", "required: [id, more]", "schema", ""),
        ("{id: {type: integer}}", "{id: {type: integer, minimum: 5}}", "schema", ""),
        ("dependencies: [left, right]", "dependencies: [left]", "dependency", "join"),
        ("name: order", "name: orders", "identity", ""),
    ])
    func breakingChangesAreFound(old: String, new: String, area: String, step: String) async throws {
        let (status, body) = try await diff { $0.replacing(old, with: new) }
        #expect(status == .failure)
        let change = body["changes"]?.arrayValue?.first { $0["area"]?.stringValue == area }
        #expect(change?["effect"] == "breaking", "\(body)")
        #expect(change?["step"]?.stringValue ?? "" == step)
        #expect(change?["consequence"]?.stringValue?.isEmpty == false)
    }

    /// A handler reads `a`'s result, also parts that stand elsewhere in the schema.
    @Test(arguments: [
        ("unit: {enum: [kg, lb]}", "unit: {enum: [kg]}", "/unit: \"lb\" are no longer allowed"),
        ("unit: {enum: [kg, lb]}", "unit: {enum: [kg, lb, st]}", "/unit: \"st\" are new"),
        ("weight: {type: number}", "weight: {type: string}", "/weight: the type number becomes string"),
        ("required: [weight]", "required: []", "/weight: the field is no longer required"),
        (", unit: {enum: [kg, lb]}", "", "/unit: the field is removed"),
        ("required: [street]", "required: [street, city]", "/to/city: the field becomes required"),
        ("street: {type: string}", "street: {type: integer}", "/to/street: the type string becomes integer"),
        ("items: {type: string}", "items: {type: integer}", "/tags/*: the type string becomes integer"),
    ])
    func aHandlerThatReadsAnotherStepIsWarned(old: String, new: String, text: String) async throws {
        let schema = """
            result_schema:
                  type: object
                  required: [weight]
                  properties: {weight: {type: number}, unit: {enum: [kg, lb]}, to: {$ref: "#/$defs/to"}, tags: {type: array, items: {type: string}}}
                  $defs: {to: {type: object, required: [street], properties: {street: {type: string}, next: {$ref: "#/$defs/to"}}}}
            """
        let place = Workplace()
        let before = Self.good.replacing(
            "result_schema: {type: object, properties: {x: {type: string}}}", with: schema)
        try place.write("a.yaml", before)
        try place.write("b.yaml", before.replacing(old, with: new))
        let run = await place.run("template", "diff", "a.yaml", "b.yaml", "-o", "json")
        #expect(run.status == .failure, "\(run.errors)")
        let changes = try JSONText.parse(run.output)["changes"]?.arrayValue ?? []
        let breaking = changes.filter { $0["effect"] == "breaking" }
        #expect(breaking.count == 1, "\(run.output)")
        #expect(breaking.first?["message"]?.stringValue == "result_schema " + text)
        #expect(breaking.first?["step"] == "a")
        #expect(breaking.first?["consequence"]?.stringValue?.hasSuffix("; read by choose") == true, "\(run.output)")
    }

    @Test func harmlessChangesAreNoFailure() async throws {
        let (status, body) = try await diff {
            $0.replacing("1.0.0", with: "1.1.0").replacing(
                "x: {type: string}", with: "x: {type: string}, y: {type: string}")
        }
        #expect(status == .ok, "\(body)")
        #expect(body["changes"]?.arrayValue?.count == 2)
    }
}
