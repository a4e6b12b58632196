import TaskerProtocol
import TaskerTemplates

/// A function per step, and how the values of other steps reach it.
extension RustEmitter {
    func handlers(_ plan: HandlerPlan, base: String) -> String {
        var text = "//! Step handlers of \(plan.template.namespace)/\(plan.template.name).\n\n"
        let methods = plan.handlers.flatMap(\.methods)
        let typed =
            plan.code.input != nil
            || methods.contains { $0.resultModel != nil || $0.dependencies.contains { $0.model != nil } }
        if typed { text += "use crate::\(base)_types::*;\n" }
        text += "use crate::tasker_stdio::{Json, StepContext, StepHandler, StepResult};\n"
        for handler in plan.handlers {
            text += "\npub struct \(handler.className);\n\nimpl StepHandler for \(handler.className) {\n"
            text += "    fn name(&self) -> &str {\n        \(StringLiterals.rust(handler.handlerName))\n    }\n\n"
            text += "    fn class_name(&self) -> &str {\n        \(StringLiterals.rust(handler.className))\n    }\n\n"
            text += "    fn call(&self, context: &StepContext) -> StepResult {\n\(call(handler))    }\n}\n\n"
            text += "impl \(handler.className) {\n"
            let functions = handler.methods.map { method in
                "    fn \(function(method))(&self, context: &StepContext) -> Result<StepResult, String> {\n"
                    + body(method, plan) + "    }\n"
            }
            text += functions.joined(separator: "\n") + "}\n"
        }
        if usesSerde { text += serdeSupport(reads: typed, writes: methods.contains { writesModel($0, plan) }) }
        return text + supportFunctions(methods, plan)
    }

    /// Whether it returns a value of a type of its own.
    func writesModel(_ method: HandlerPlan.Method, _ plan: HandlerPlan) -> Bool {
        method.resultModel.flatMap(plan.code.model) != nil && method.step.type != .decision
    }

    /// A prefix keeps the names apart from those of the trait.
    func function(_ method: HandlerPlan.Method) -> String {
        method.name.map { "run_" + identifier($0) { $0.snake } } ?? "run"
    }

    func call(_ handler: HandlerPlan.Handler) -> String {
        let failure = ".unwrap_or_else(|reason| StepResult::failure(&reason, \"validation_error\", false))\n"
        if handler.methods.allSatisfy({ $0.name == nil }) {
            return "        self.run(context)\n            " + failure
        }
        var text = "        let result = match context.method() {\n"
        for method in handler.methods {
            if let name = method.name {
                text += "            \(StringLiterals.rust(name)) => self.\(function(method))(context),\n"
            }
        }
        // The usual entry point, also of a handler that has named methods only.
        let usual = handler.methods.first { $0.name == nil } ?? handler.methods[0]
        text += "            \"call\" => self.\(function(usual))(context),\n"
        text += "            other => Err(format!(\"there is no method '{other}'\")),\n        };\n"
        return text + "        result" + failure
    }

    /// Only those that are used: the compiler warns about others.
    func supportFunctions(_ methods: [HandlerPlan.Method], _ plan: HandlerPlan) -> String {
        let typed = methods.flatMap(\.dependencies).filter { $0.model != nil }
        var text = ""
        if typed.contains(where: { !$0.isOptional && !$0.isBatchWorker }) {
            text += """

                fn result_of<T: Value>(context: &StepContext, step: &str) -> Result<T, String> {
                    match context.dependency_result(step) {
                        Some(value) => \(reading("T", "value", "step")),
                        None => Err(format!("there is no result of {step}")),
                    }
                }

                """
        }
        if typed.contains(where: { $0.isOptional && !$0.isBatchWorker }) {
            text += """

                fn optional_result_of<T: Value>(context: &StepContext, step: &str) -> Result<Option<T>, String> {
                    context
                        .dependency_result(step)
                        .map(|value| \(reading("T", "value", "step")))
                        .transpose()
                }

                """
        }
        if typed.contains(where: \.isBatchWorker) {
            text += """

                fn results_of<T: Value>(context: &StepContext, prefix: &str) -> Result<Vec<T>, String> {
                    context
                        .dependency_results(prefix)
                        .into_iter()
                        .map(|value| \(reading("T", "value", "prefix")))
                        .collect()
                }

                """
        }
        return text
    }

    /// A checked value of a type, as a `Result`.
    func reading(_ type: String, _ value: String, _ place: String) -> String {
        usesSerde ? "from_json::<\(type)>(\(value), \(place))" : "\(type)::from_json(\(value), \(place))"
    }

    func body(_ method: HandlerPlan.Method, _ plan: HandlerPlan) -> String {
        var text = ""
        if let input = plan.code.input {
            text += binding("task_input", reading(input, "context.input()", "\"input\"") + "?")
        } else {
            text += "        let task_input = context.input();\n"
        }
        var variables = ["&task_input"]
        for dependency in method.dependencies {
            let plural = dependency.isBatchWorker ? "_results" : "_result"
            let name = identifier(dependency.words.snake + plural) { $0.snake }
            variables.append("&" + name)
            let step = StringLiterals.rust(dependency.step + (dependency.isBatchWorker ? "_" : ""))
            switch dependency.model {
            case let model? where dependency.isBatchWorker:
                text += binding("\(name): Vec<\(model)>", "results_of(context, \(step))?")
            case let model? where dependency.isOptional:
                text += binding("\(name): Option<\(model)>", "optional_result_of(context, \(step))?")
            case let model?: text += binding("\(name): \(model)", "result_of(context, \(step))?")
            case nil:
                let function = dependency.isBatchWorker ? "dependency_results" : "dependency_result"
                text += binding(name, "context.\(function)(\(step))")
            }
        }
        text += "        // Write the step here. What was read above is checked and typed.\n"
        text += "        let _ = (\(variables.joined(separator: ", "))\(variables.count == 1 ? "," : ""));\n\n"
        if let model = method.resultModel, writesModel(method, plan) {
            text += binding("sample", "Json::parse(\(raw(method.sample)))?")
            text += binding("result", reading(model, "&sample", "\"result\"") + "?")
            let written = usesSerde ? "to_json(&result)?" : "result.to_json()"
            return text + "        Ok(StepResult::Success(\(written)))\n"
        }
        return text + binding("outcome", "Json::parse(\(raw(outcome(method))))?")
            + "        Ok(StepResult::Success(outcome))\n"
    }

    /// Broken where rustfmt would.
    func binding(_ left: String, _ right: String, indent: Int = 8) -> String {
        let pad = String(repeating: " ", count: indent)
        let line = "\(pad)let \(left) = \(right);"
        if line.count <= 100 { return line + "\n" }
        let next = "\(pad)    \(right);"
        if next.count <= 100 { return "\(pad)let \(left) =\n\(next)\n" }
        guard let open = right.firstIndex(of: "("), let close = right.lastIndex(of: ")") else { return line + "\n" }
        return "\(pad)let \(left) = \(right[...open])\n\(pad)    \(right[right.index(after: open)..<close]),\n"
            + "\(pad)\(right[close...]);\n"
    }

    /// JSON as a raw string, which formatters leave as it is.
    func raw(_ value: JSONValue) -> String {
        let text = value.canonicalText
        var signs = "#"
        while text.contains("\"" + signs) { signs += "#" }
        return "r\(signs)\"\(text)\"\(signs)"
    }

    /// Rust has no helpers for these kinds: the outcome is a value like any other.
    func outcome(_ method: HandlerPlan.Method) -> JSONValue {
        switch method.step.type {
        case .decision:
            return [
                "decision_point_outcome": [
                    "type": "create_steps", "step_names": .array(method.branches.map { .string($0) }),
                ]
            ]
        case .batchable: return ["batch_processing_outcome": ["type": "no_batches"], "reason": "empty_dataset"]
        default:
            if case .object = method.sample { return method.sample }
            return ["value": method.sample]
        }
    }
}
