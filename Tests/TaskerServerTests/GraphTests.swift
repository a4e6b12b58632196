import HTTPTypes
import TaskerProtocol
import Testing

@Suite("Graphs of tasks and templates", .timeLimit(.minutes(5)))
struct GraphTests {
    private static let odd = """
        name: odd
        namespace: shop
        version: "1.0.0"
        step_templates:
          - name: 'a"]; click n0 "javascript:1"'
            handler: { callable: '<script>alert(1)</script>' }
          - name: second
            handler: { callable: Second }
            depends_on_step_name: ['a"]; click n0 "javascript:1"']
        """

    @Test func drawsInEveryFormat() async throws {
        try await TestServer().runWithBlockedOrder { server, path, _ in
            let mermaid = try await server.get("\(path)/graph")
            #expect(mermaid.header("Content-Type")?.hasPrefix("text/vnd.mermaid") == true)
            #expect(mermaid.text.contains("graph TD"))
            #expect(mermaid.text.contains("n0 --> n1"))
            #expect(mermaid.text.contains("check<br/>error"))
            let dot = try await server.get("\(path)/graph?format=dot&theme=dark")
            #expect(dot.text.hasPrefix("digraph"))
            let svg = try await server.send(.get, "\(path)/graph", headers: [.accept: "image/svg+xml, */*;q=0.1"])
            #expect(svg.header("Content-Type")?.hasPrefix("image/svg+xml") == true)
            #expect(svg.text.contains("<title>check: error"))
            #expect(!svg.text.contains("<script") && !svg.text.contains("href"))
            let json = try await server.get("\(path)/graph?format=json&view=template")
            #expect(json["nodes"]?.arrayValue?.map { $0["name"] } == ["check", "pay"])
            #expect(json["nodes"]?[0]?["state"] == .null)
            #expect(json["edges"]?[0]?["from"] == "n0")
            // The same bytes each time.
            #expect(try await server.get("\(path)/graph").text == mermaid.text)
            let template = try await server.get("/v1/templates/shop/order/latest/graph?format=json")
            #expect(template.json["nodes"]?.arrayValue?.count == 2)
            for query in ["format=png", "view=moon", "theme=red", "colour=red"] {
                #expect(try await server.get("\(path)/graph?\(query)").status == .badRequest, "\(query)")
            }
            let refused = try await server.send(.get, "\(path)/graph", headers: [.accept: "image/png"])
            #expect(refused.status == .notAcceptable)
            #expect(refused.code == "NOT_ACCEPTABLE")
        }
    }

    @Test func namesAreNeverMarkup() async throws {
        try await TestServer().run { server in
            let answer = try await server.register(Self.odd)
            // Where the rules for names refuse such a step, nothing is left to draw.
            guard answer.status == .created else { return #expect(answer.status == .unprocessableContent) }
            for format in ["mermaid", "dot", "svg"] {
                let text = try await server.get("/v1/templates/shop/odd/1.0.0/graph?format=\(format)").text
                #expect(!text.contains("<script>"), "\(format)")
                #expect(!text.contains("\"]; click"), "\(format)")
            }
        }
    }

    @Test func largeGraphsAreGivenAsDataOnly() async throws {
        let steps = (0..<2001).map { "  - { name: s\($0), handler: { callable: H } }" }.joined(separator: "\n")
        let template = "name: large\nnamespace: shop\nversion: \"1.0.0\"\nstep_templates:\n\(steps)\n"
        try await TestServer().run { server in
            let answer = try await server.register(template)
            // The limit of steps per template may be lower.
            guard answer.status == .created else { return #expect(answer.status == .unprocessableContent) }
            let svg = try await server.get("/v1/templates/shop/large/1.0.0/graph?format=svg")
            #expect(svg.status == .unprocessableContent)
            #expect(svg.hint.contains("json"))
            #expect(try await server.get("/v1/templates/shop/large/1.0.0/graph?format=json").status == .ok)
        }
    }
}
