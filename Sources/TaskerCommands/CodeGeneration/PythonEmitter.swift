import TaskerProtocol
import TaskerTemplates

/// pydantic models and handler classes.
struct PythonEmitter: CodeEmitter {
    let language = "python"

    func typesFile(_ base: String) -> String { "\(base)_types.py" }
    func handlersFile(_ base: String) -> String { "\(base)_handlers.py" }
    func testsFile(_ base: String) -> String { "tests/test_\(base)_handlers.py" }

    // Attributes of pydantic's own.
    var reserved: Set<String> {
        [
            "copy", "dict", "json", "schema", "validate", "construct", "self", "model_config", "model_fields",
            "model_dump",
        ]
    }

    // MARK: - Types

    func types(_ code: CodeModel, title: String) -> String {
        let hasModels = code.declarations.contains { if case .model = $0 { true } else { false } }
        let needsField = code.declarations.contains { declaration in
            guard case .model(let model) = declaration else { return false }
            return zip(model.fields, names(model)).contains { $0.jsonName != $1 }
        }
        let hasEnumerations = code.declarations.contains { if case .enumeration = $0 { true } else { false } }
        let typing = (code.uses { $0 == .any } ? ["Any"] : []) + (hasEnumerations ? ["Literal"] : [])
        var text = "\"\"\"Types of \(title). Written by tasker-ctl generate types.\"\"\"\n\n"
        text += "from __future__ import annotations\n"
        if !typing.isEmpty { text += "\nfrom typing import \(typing.joined(separator: ", "))\n" }
        if hasModels { text += "\nfrom pydantic import BaseModel, ConfigDict\(needsField ? ", Field" : "")\n" }
        for (index, declaration) in code.declarations.enumerated() {
            var gap = "\n\n"
            if index > 0, !isModel(declaration), !isModel(code.declarations[index - 1]) { gap = "" }
            if index == 0, !isModel(declaration) { gap = "\n" }
            text += gap
            switch declaration {
            case .alias(let name, let type): text += "\(name) = \(self.type(type, quoted: true))\n"
            case .enumeration(let enumeration):
                text += assignment(enumeration.name + " = Literal", enumeration.values.map(StringLiterals.python))
            case .model(let model): text += self.model(model)
            }
        }
        return text
    }

    private func isModel(_ declaration: CodeModel.Declaration) -> Bool {
        if case .model = declaration { true } else { false }
    }

    private func assignment(_ head: String, _ items: [String]) -> String {
        let line = "\(head)[\(items.joined(separator: ", "))]\n"
        if line.count <= 89 { return line }
        return "\(head)[\n" + items.map { "    \($0),\n" }.joined() + "]\n"
    }

    private func names(_ model: CodeModel.Model) -> [String] {
        identifiers(model.fields.map(\.jsonName)) { $0.snake }
    }

    private func model(_ model: CodeModel.Model) -> String {
        var text = "class \(model.name)(BaseModel):\n"
        if let description = model.description { text += "    \"\"\"\(docstring(description))\"\"\"\n\n" }
        text += "    model_config = ConfigDict(strict=True, populate_by_name=True)\n\n"
        for (field, name) in zip(model.fields, names(model)) {
            let type = self.type(field.type, quoted: false)
            var line = "    \(name): \(type)\(field.isRequired || type == "Any" ? "" : " | None")"
            if field.jsonName != name {
                let alias = "alias=\(StringLiterals.python(field.jsonName))"
                line += field.isRequired ? " = Field(\(alias))" : " = Field(default=None, \(alias))"
            } else if !field.isRequired {
                line += " = None"
            }
            text += line + "\n"
        }
        return text
    }

    private func docstring(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "'")
    }

    private func type(_ type: CodeModel.TypeRef, quoted: Bool) -> String {
        switch type {
        case .string: "str"
        case .integer: "int"
        case .number: "float"
        case .boolean: "bool"
        case .any: "Any"
        case .model(let name), .enumeration(let name): name
        case .list(let inner): "list[\(self.type(inner, quoted: quoted))]"
        case .map(let inner): "dict[str, \(self.type(inner, quoted: quoted))]"
        }
    }

    // MARK: - Handlers

    private func isClass(_ name: String?, _ plan: HandlerPlan) -> Bool { name.flatMap(plan.code.model) != nil }

    func handlers(_ plan: HandlerPlan, base: String) -> String {
        let methods = plan.handlers.flatMap(\.methods)
        // A name that is read and not used is a fault to linters; `_ =` keeps it until the step is written.
        let hasDecisions = methods.contains { $0.step.type == .decision }
        let hasBatches = methods.contains { $0.step.type == .batchable || $0.step.type == .batchWorker }
        var used: Set<String> = []
        if let input = plan.code.input, isClass(input, plan) { used.insert(input) }
        for method in methods {
            for dependency in method.dependencies where !dependency.isBatchWorker {
                if let model = dependency.model, isClass(model, plan) { used.insert(model) }
            }
            if let model = method.resultModel, isClass(model, plan), isPlain(method) { used.insert(model) }
        }
        var text = "\"\"\"Step handlers of \(plan.template.namespace)/\(plan.template.name).\"\"\"\n\n"
        text += "from tasker_core import StepContext, StepHandlerResult\n"
        if hasBatches { text += "from tasker_core.batch_processing import Batchable\n" }
        text += "from tasker_core.step_handler import StepHandler\n"
        if hasDecisions { text += "from tasker_core.step_handler.mixins import DecisionMixin\n" }
        if !used.isEmpty {
            text += "\nfrom \(base)_types import (\n" + used.sorted().map { "    \($0),\n" }.joined() + ")\n"
        }
        for handler in plan.handlers {
            let kinds = Set(handler.methods.map(\.step.type))
            var bases = ["StepHandler"]
            if kinds.contains(.decision) { bases.insert("DecisionMixin", at: 0) }
            if kinds.contains(.batchable) || kinds.contains(.batchWorker) { bases.append("Batchable") }
            text += "\n\nclass \(handler.className)(\(bases.joined(separator: ", "))):\n"
            text +=
                "    handler_name = \(StringLiterals.python(handler.handlerName))\n    handler_version = \"1.0.0\"\n"
            if !handler.methods.contains(where: { $0.name == nil }) {
                text += "\n    def call(self, context: StepContext) -> StepHandlerResult:\n"
                let first = identifier(handler.methods[0].name ?? "call") { $0.snake }
                text += "        return self.\(first)(context)\n"
            }
            for method in handler.methods {
                let name = method.name.map { identifier($0) { $0.snake } } ?? "call"
                text += "\n    def \(name)(self, context: StepContext) -> StepHandlerResult:\n" + body(method, plan)
            }
        }
        return text
    }

    private func isPlain(_ method: HandlerPlan.Method) -> Bool {
        method.step.type == .standard || method.step.type == .deferredConvergence
    }

    private func body(_ method: HandlerPlan.Method, _ plan: HandlerPlan) -> String {
        var text = ""
        if method.step.type == .batchWorker {
            text +=
                "        no_op = self.handle_no_op_worker(context)\n        if no_op is not None:\n            return no_op\n\n"
        }
        if let input = plan.code.input, isClass(input, plan) {
            text += "        task_input = \(input).model_validate(context.input_data)\n"
        } else {
            text += "        task_input = context.input_data\n"
        }
        var variables = ["task_input"]
        for dependency in method.dependencies {
            let name = identifier(dependency.words.snake + "_result") { $0.snake }
            variables.append(name)
            text += self.dependency(dependency, name, plan)
        }
        let read = variables.count == 1 ? variables[0] : "(" + variables.joined(separator: ", ") + ")"
        text += "        # Write the step here. What was read above is checked and typed.\n        _ = \(read)\n"
        return text + "\n" + outcome(method, plan)
    }

    private func dependency(_ dependency: HandlerPlan.Dependency, _ name: String, _ plan: HandlerPlan) -> String {
        let step = StringLiterals.python(dependency.step)
        if dependency.isBatchWorker {
            return
                "        \(name) = context.get_all_dependency_results(\n            \(StringLiterals.python(dependency.step + "_"))\n        )\n"
                .oneLine(88)
        }
        guard let model = dependency.model, isClass(model, plan) else {
            return "        \(name) = context.get_dependency_result(\n            \(step)\n        )\n".oneLine(88)
        }
        if dependency.isOptional {
            return "        \(name) = context.get_dependency_result(\n            \(step)\n        )\n".oneLine(88)
                + "        if \(name) is not None:\n            \(name) = \(model).model_validate(\n                \(name)\n            )\n"
                .lastOneLine(88)
        }
        return
            "        \(name) = \(model).model_validate(\n            context.get_dependency_result(\(step))\n        )\n"
            .oneLine(88)
    }

    private func outcome(_ method: HandlerPlan.Method, _ plan: HandlerPlan) -> String {
        switch method.step.type {
        case .decision:
            let steps = method.branches.map(StringLiterals.python)
            return "        return self.decision_success(\n            [\n"
                + steps.map { "                \($0),\n" }.joined() + "            ]\n        )\n"
        case .batchable:
            return
                "        outcome = self.create_batch_outcome(\n            total_items=int(context.get_input_or(\"total_items\", 0)),\n"
                + "            batch_size=100,\n        )\n        return self.batch_analyzer_success(outcome)\n"
        case .batchWorker:
            return "        batch = self.get_batch_worker_context(context)\n"
                + "        return self.batch_worker_success(\n            batch,\n            result=\(literal(method.sample, 12)),\n        )\n"
        case .standard, .deferredConvergence:
            guard let model = method.resultModel, isClass(model, plan) else {
                return "        return self.success(\(literal(wrapped(method.sample), 8)))\n"
            }
            return "        result = \(model).model_validate(\n            \(literal(method.sample, 12))\n        )\n"
                + "        return self.success(\n            result.model_dump(mode=\"json\", by_alias=True, exclude_none=True)\n        )\n"
        }
    }

    private func wrapped(_ sample: JSONValue) -> JSONValue {
        if case .object = sample { sample } else { ["value": sample] }
    }

    // MARK: - Tests

    func tests(_ plan: HandlerPlan, base: String) -> String {
        let inputModel = plan.code.input.flatMap(plan.code.model)
        let broken = inputModel.flatMap { SampleValue.broken($0, plan.inputSample) }
        var text = "\"\"\"Tests of the step handlers of \(plan.template.namespace)/\(plan.template.name).\"\"\"\n\n"
        text += "from tasker_core.testing import run_step\n\nfrom \(base)_handlers import (\n"
        text += plan.handlers.map(\.className).sorted().map { "    \($0),\n" }.joined() + ")\n\n"
        text += "INPUT = \(literal(plan.inputSample, 0))\n"
        for handler in plan.handlers {
            for method in handler.methods {
                let name = NameWords(method.step.name).snake
                let steps = dependencies(method)
                text +=
                    "\n\ndef test_\(name)_completes():\n    sent = run_step(\n        \(handler.className),\n        input=INPUT,\n"
                if let method = method.name { text += "        method=\(StringLiterals.python(method)),\n" }
                if !steps.isEmpty { text += "        dependencies=\(literal(.object(steps), 8)),\n" }
                if method.step.type == .batchWorker { text += "        step_inputs=\(literal(Self.batchInputs, 8)),\n" }
                text += "    )\n\n    assert sent[\"status\"] == \"completed\", sent\n"
                if let broken, method.name == nil {
                    text +=
                        "\n\ndef test_\(name)_refuses_wrong_input():\n    sent = run_step(\n        \(handler.className),\n"
                    text += "        input=\(literal(broken, 8)),\n"
                    if !steps.isEmpty { text += "        dependencies=\(literal(.object(steps), 8)),\n" }
                    if method.step.type == .batchWorker {
                        text += "        step_inputs=\(literal(Self.batchInputs, 8)),\n"
                    }
                    text += "    )\n\n    assert sent[\"status\"] == \"failed\", sent\n"
                }
            }
        }
        return text
    }

    static let batchInputs: JSONValue = [
        "cursor": ["batch_id": "001", "start_cursor": 0, "end_cursor": 10, "batch_size": 10],
        "batch_metadata": ["cursor_field": "id", "failure_strategy": "fail_fast"], "is_no_op": false,
    ]

    private func dependencies(_ method: HandlerPlan.Method) -> [String: JSONValue] {
        var steps: [String: JSONValue] = [:]
        for dependency in method.dependencies {
            steps[dependency.isBatchWorker ? dependency.step + "_001" : dependency.step] = dependency.sample
        }
        return steps
    }

    /// One element a line with the trailing comma that formatters leave alone.
    private func literal(_ value: JSONValue, _ indent: Int) -> String {
        let pad = String(repeating: " ", count: indent + 4)
        let end = String(repeating: " ", count: indent)
        switch value {
        case .null: return "None"
        case .bool(let flag): return flag ? "True" : "False"
        case .string(let text): return StringLiterals.python(text)
        case .array(let items) where items.isEmpty: return "[]"
        case .object(let members) where members.isEmpty: return "{}"
        case .array(let items): return "[\n" + items.map { "\(pad)\(literal($0, indent + 4)),\n" }.joined() + "\(end)]"
        case .object(let members):
            return "{\n"
                + members.sorted { $0.key < $1.key }
                .map { "\(pad)\(StringLiterals.python($0)): \(literal($1, indent + 4)),\n" }.joined() + "\(end)}"
        default: return value.canonicalText
        }
    }

    // MARK: - Program

    func program(_ plan: HandlerPlan, base: String) -> FileSet {
        var files = FileSet()
        files.add(
            "\(base)_worker.py",
            """
            \"\"\"Serves the steps of \(plan.template.namespace)/\(plan.template.name).\"\"\"

            import runpy
            import sys

            if __name__ == "__main__":
                sys.argv = [
                    "tasker-worker-python",
                    "\(base)_handlers",
                    "--namespace",
                    \(StringLiterals.python(plan.template.namespace)),
                    *sys.argv[1:],
                ]
                runpy.run_module("tasker_core.worker", run_name="__main__")

            """)
        return files
    }

    func next(_ plan: HandlerPlan, base: String) -> String {
        "Test it:  python -m pytest\nServe it: python \(base)_worker.py"
    }
}

extension String {
    /// A call that formatters would write on one line, when it fits there.
    func oneLine(_ limit: Int) -> String {
        let joined = split(separator: "\n").enumerated().map { index, line in
            index == 0 ? String(line) : String(line.drop { $0 == " " })
        }.joined()
        return joined.count <= limit ? joined + "\n" : self
    }

    /// The same for the lines after the first.
    func lastOneLine(_ limit: Int) -> String {
        guard let cut = firstIndex(of: "\n") else { return self }
        return self[...cut] + String(self[index(after: cut)...]).oneLine(limit)
    }
}
