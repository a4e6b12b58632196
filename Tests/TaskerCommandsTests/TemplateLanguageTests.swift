import Testing

@testable import TaskerCommands

/// The language of generator templates: Stencil with what existing plugins need beside it.
@Suite struct TemplateLanguageTests {
    private func render(_ source: String, _ variables: [String: any Sendable] = ["name": "ProcessPayment"]) throws
        -> String
    {
        try TemplateRenderer.render(source, file: "t.stencil", variables: variables)
    }

    @Test(arguments: [
        ("{{ name }}", "ProcessPayment"), ("{{ name | snake_case }}", "process_payment"),
        ("{{ name|kebab_case|upper }}", "PROCESS-PAYMENT"), ("{{ name|camel_case }}", "processPayment"),
        ("{{ name|length }}", "14"), ("{{ '  x '|trim }}.", "x."),
        ("{{ name|replace(from=\"Process\", to='|:,') }}", "|:,Payment"),
        ("{{ name|replace:\"Pay\",\"X\" }}", "ProcessXment"),
        ("{{ other|default(value=\"d\") }}", "d"), ("{{ name|default:\"d\" }}", "ProcessPayment"),
        ("{% if name == \"ProcessPayment\" %}a{% elif name %}b{% else %}c{% endif %}", "a"),
        ("{% if not name %}a{% else %}c{% endif %}", "c"),
        ("{% set x = name|lower %}{{ x }}", "processpayment"),
        ("{# {{ nothing }} #}x", "x"), ("{% raw %}{{ name }} {% if %}{% endraw %}", "{{ name }} {% if %}"),
        ("a  {%- if name -%}  b  {%- endif -%}  c", "abc"), ("$${{ name }}}", "$$ProcessPayment}"),
        ("{% for x in name|outer_scopes %}{{ x }}{% empty %}none{% endfor %}", "none"),
        ("", ""), ("{{ \"}}\" }}", "}}"),
    ])
    func renders(source: String, expected: String) throws {
        #expect(try render(source) == expected)
    }

    @Test func listsAreLoopedOver() throws {
        let text = try render(
            "{% for x in xs %}{{ forloop.counter }}{{ x }}{% if not forloop.last %},{% endif %}{% endfor %}",
            ["xs": ["a", "b"]])
        #expect(text == "1a,2b")
    }

    @Test(arguments: [
        ("a\n  {{ nam }}", 2, 6, "unknown variable 'nam'; did you mean 'name'?"),
        ("{{ name|snakecase }}", 1, 9, "unknown filter 'snakecase'; did you mean 'snake_case'?"),
        ("x {% include \"f\" %}", 1, 6, "unknown tag 'include'"),
        ("{% extends \"f\" %}", 1, 4, "unknown tag 'extends'"),
        ("\n{% if name %}", 2, 4, "'{% if %}' has no '{% endif %}'"),
        ("{% endif %}", 1, 4, "there is no '{% if %}' open here"),
        ("{{ name", 1, 1, "'{{' is never closed"), ("{{ 'x }}", 1, 1, "'{{' is never closed"),
        ("{{ name | }}", 1, 4, "a filter is missing after '|'"), ("{{ }}", 1, 4, "a value is missing"),
        ("{% raw %}x", 1, 1, "'{% raw %}' has no '{% endraw %}'"),
        ("{{ name name }}", 1, 9, "'name' is not expected here"),
        ("{{ name|replace:\"\",\"x\" }}", 1, 4, "'replace' cannot replace nothing"),
    ])
    func faultsHaveTheirPlace(source: String, line: Int, column: Int, message: String) throws {
        let failure = #expect(throws: TemplateFailure.self) { try render(source) }
        #expect(failure?.line == line)
        #expect(failure?.column == column, "\(failure?.text ?? "")")
        #expect(failure?.message.hasPrefix(message) == true, "\(failure?.text ?? "")")
    }

    @Test func outputAndLoopsAreBounded() {
        let long = String(repeating: "x", count: 70_000)
        let wide = #expect(throws: TemplateFailure.self) {
            try render(String(repeating: "{{ v }}", count: 16), ["v": long])
        }
        #expect(wide?.message == "the output is larger than 1 MiB")
        let many = Array(repeating: "x", count: 101)
        let deep = #expect(throws: TemplateFailure.self) {
            try render("{% for a in xs %}{% for b in xs %}{% endfor %}{% endfor %}", ["xs": many])
        }
        #expect(deep?.message == "loops take more than 10000 steps")
        let grown = #expect(throws: TemplateFailure.self) {
            try render("{% set a = v|replace:\"x\",\"xxxxxxxxxxxxxxxxxxxx\" %}", ["v": long])
        }
        #expect(grown?.message == "the value grows beyond 1 MiB")
    }
}
