import TaskerProtocol
import TaskerTemplates

/// Plain structs over the JSON value of the generated `tasker_stdio.rs`, or serde ones, and handlers.
struct RustEmitter: CodeEmitter {
    let language = "rust"
    let usesSerde: Bool

    func typesFile(_ base: String) -> String { "\(base)_types.rs" }
    func handlersFile(_ base: String) -> String { "\(base)_handlers.rs" }
    func testsFile(_ base: String) -> String { "tests/\(base)_handlers_test.rs" }

    // MARK: - Types

    func types(_ code: CodeModel, title: String) -> String {
        var text = "//! Types of \(title). Written by tasker-ctl generate types.\n"
        if !usesSerde { text += "\n#![allow(clippy::vec_init_then_push)]\n" }
        let hasMaps = code.uses { if case .map = $0 { true } else { false } }
        if hasMaps { text += "\nuse std::collections::BTreeMap;\n" }
        text += usesSerde ? "\nuse serde::{Deserialize, Serialize};\n" : "\nuse crate::tasker_stdio::Json;\n"
        for declaration in code.declarations {
            text += "\n"
            switch declaration {
            case .alias(let name, let type): text += "pub type \(name) = \(self.type(type));\n"
            case .enumeration(let enumeration): text += self.enumeration(enumeration)
            case .model(let model): text += self.model(model)
            }
        }
        return usesSerde ? text : text + Self.support(code)
    }

    private func variants(_ values: [String]) -> [String] {
        identifiers(values) { words in words.pascal.isEmpty ? "Empty" : words.pascal }
    }

    private func enumeration(_ enumeration: CodeModel.Enumeration) -> String {
        let pairs = Array(zip(enumeration.values, variants(enumeration.values)))
        if usesSerde {
            return
                "#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]\npub enum \(enumeration.name) {\n"
                + pairs.map { "    #[serde(rename = \(StringLiterals.rust($0)))]\n    \($1),\n" }.joined() + "}\n"
        }
        var text = "#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum \(enumeration.name) {\n"
        text += pairs.map { "    \($1),\n" }.joined() + "}\n\nimpl \(enumeration.name) {\n"
        text += "    pub fn as_str(self) -> &'static str {\n        match self {\n"
        text +=
            pairs.map { "            Self::\($1) => \(StringLiterals.rust($0)),\n" }.joined()
            + "        }\n    }\n}\n\n"
        text +=
            "impl Value for \(enumeration.name) {\n    fn from_json(value: &Json, place: &str) -> Result<Self, String> {\n        match value.as_str() {\n"
        text += pairs.map { "            Some(\(StringLiterals.rust($0))) => Ok(Self::\($1)),\n" }.joined()
        text +=
            "            _ => Err(misfit(value, place)),\n        }\n    }\n\n    fn to_json(&self) -> Json {\n        Json::from(self.as_str())\n    }\n}\n"
        return text
    }

    private func model(_ model: CodeModel.Model) -> String {
        let fields = Array(zip(model.fields, identifiers(model.fields.map(\.jsonName)) { $0.snake }))
        var text = model.description.map { "/// \($0)\n" } ?? ""
        text +=
            "#[derive(Clone, Debug, PartialEq\(usesSerde ? ", Serialize, Deserialize" : ""))]\npub struct \(model.name) {\n"
        for (field, name) in fields {
            if let description = field.description { text += "    /// \(description)\n" }
            if usesSerde {
                var options: [String] = []
                if field.jsonName != name { options.append("rename = \(StringLiterals.rust(field.jsonName))") }
                if !field.isRequired { options.append("default, skip_serializing_if = \"Option::is_none\"") }
                if !options.isEmpty { text += "    #[serde(\(options.joined(separator: ", ")))]\n" }
            }
            let type = self.type(field.type)
            text += "    pub \(name): \(field.isRequired ? type : "Option<\(type)>"),\n"
        }
        text += "}\n"
        if usesSerde { return text }
        text +=
            "\nimpl Value for \(model.name) {\n    fn from_json(value: &Json, place: &str) -> Result<Self, String> {\n"
        text +=
            "        if !value.is_object() {\n            return Err(misfit(value, place));\n        }\n        Ok(Self {\n"
        for (field, name) in fields {
            let function = field.isRequired ? "required" : "optional"
            text += "            \(name): \(function)(value, \(StringLiterals.rust(field.jsonName)), place)?,\n"
        }
        text += "        })\n    }\n\n    fn to_json(&self) -> Json {\n        let mut members = Vec::new();\n"
        for (field, name) in fields {
            let key = StringLiterals.rust(field.jsonName)
            if field.isRequired {
                text += "        members.push((\(key).to_string(), self.\(name).to_json()));\n"
            } else {
                text +=
                    "        if let Some(value) = &self.\(name) {\n            members.push((\(key).to_string(), value.to_json()));\n        }\n"
            }
        }
        return text + "        Json::Object(members)\n    }\n}\n"
    }

    private func type(_ type: CodeModel.TypeRef) -> String {
        switch type {
        case .string: "String"
        case .integer: "i64"
        case .number: "f64"
        case .boolean: "bool"
        case .any: usesSerde ? "serde_json::Value" : "Json"
        case .model(let name), .enumeration(let name): name
        case .list(let inner): "Vec<\(self.type(inner))>"
        case .map(let inner): "BTreeMap<String, \(self.type(inner))>"
        }
    }

    /// Between the worker protocol's JSON and serde's; only what is used.
    private func serdeSupport(reads: Bool, writes: Bool) -> String {
        var text = ""
        if reads {
            text += """

                /// Values that come from JSON.
                trait Value: serde::de::DeserializeOwned {}

                impl<T: serde::de::DeserializeOwned> Value for T {}

                /// The error names the place that does not fit.
                fn from_json<T: Value>(value: &Json, place: &str) -> Result<T, String> {
                    serde_json::from_str(&value.to_string()).map_err(|error| format!("{place}: {error}"))
                }

                """
        }
        if writes {
            text += """

                fn to_json<T: serde::Serialize>(value: &T) -> Result<Json, String> {
                    let text = serde_json::to_string(value).map_err(|error| error.to_string())?;
                    Json::parse(&text)
                }

                """
        }
        return text
    }

    private static func support(_ code: CodeModel) -> String {
        let hasMaps = code.uses { if case .map = $0 { true } else { false } }
        let map =
            hasMaps
            ? """

            impl<T: Value> Value for BTreeMap<String, T> {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    let Json::Object(members) = value else {
                        return Err(misfit(value, place));
                    };
                    members
                        .iter()
                        .map(|(key, item)| Ok((key.clone(), T::from_json(item, &format!("{place}.{key}"))?)))
                        .collect()
                }

                fn to_json(&self) -> Json {
                    Json::Object(
                        self.iter()
                            .map(|(key, item)| (key.clone(), item.to_json()))
                            .collect(),
                    )
                }
            }

            """ : ""
        return """

            /// Values that come from JSON and go there.
            pub trait Value: Sized {
                /// The error names the place that does not fit.
                fn from_json(value: &Json, place: &str) -> Result<Self, String>;
                fn to_json(&self) -> Json;
            }

            fn misfit(value: &Json, place: &str) -> String {
                format!("{place}: {value} does not fit")
            }

            #[allow(dead_code)]
            fn required<T: Value>(object: &Json, name: &str, place: &str) -> Result<T, String> {
                let place = format!("{place}.{name}");
                match object.get(name) {
                    Some(value) => T::from_json(value, &place),
                    None => Err(format!("{place} is missing")),
                }
            }

            #[allow(dead_code)]
            fn optional<T: Value>(object: &Json, name: &str, place: &str) -> Result<Option<T>, String> {
                match object.get(name) {
                    None | Some(Json::Null) => Ok(None),
                    Some(value) => T::from_json(value, &format!("{place}.{name}")).map(Some),
                }
            }

            impl Value for String {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    value
                        .as_str()
                        .map(str::to_string)
                        .ok_or_else(|| misfit(value, place))
                }

                fn to_json(&self) -> Json {
                    Json::from(self.as_str())
                }
            }

            impl Value for i64 {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    value.as_i64().ok_or_else(|| misfit(value, place))
                }

                fn to_json(&self) -> Json {
                    Json::Int(*self)
                }
            }

            impl Value for f64 {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    value.as_f64().ok_or_else(|| misfit(value, place))
                }

                fn to_json(&self) -> Json {
                    Json::Float(*self)
                }
            }

            impl Value for bool {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    match value {
                        Json::Bool(value) => Ok(*value),
                        _ => Err(misfit(value, place)),
                    }
                }

                fn to_json(&self) -> Json {
                    Json::Bool(*self)
                }
            }

            impl Value for Json {
                fn from_json(value: &Json, _place: &str) -> Result<Self, String> {
                    Ok(value.clone())
                }

                fn to_json(&self) -> Json {
                    self.clone()
                }
            }

            impl<T: Value> Value for Vec<T> {
                fn from_json(value: &Json, place: &str) -> Result<Self, String> {
                    let Json::List(items) = value else {
                        return Err(misfit(value, place));
                    };
                    items
                        .iter()
                        .enumerate()
                        .map(|(index, item)| T::from_json(item, &format!("{place}[{index}]")))
                        .collect()
                }

                fn to_json(&self) -> Json {
                    Json::List(self.iter().map(Value::to_json).collect())
                }
            }

            """ + map
    }

    // MARK: - Handlers

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
    private func writesModel(_ method: HandlerPlan.Method, _ plan: HandlerPlan) -> Bool {
        method.resultModel.flatMap(plan.code.model) != nil && method.step.type != .decision
    }

    /// A prefix keeps the names apart from those of the trait.
    private func function(_ method: HandlerPlan.Method) -> String {
        method.name.map { "run_" + identifier($0) { $0.snake } } ?? "run"
    }

    private func call(_ handler: HandlerPlan.Handler) -> String {
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
    private func supportFunctions(_ methods: [HandlerPlan.Method], _ plan: HandlerPlan) -> String {
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
    private func reading(_ type: String, _ value: String, _ place: String) -> String {
        usesSerde ? "from_json::<\(type)>(\(value), \(place))" : "\(type)::from_json(\(value), \(place))"
    }

    private func body(_ method: HandlerPlan.Method, _ plan: HandlerPlan) -> String {
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
    private func binding(_ left: String, _ right: String, indent: Int = 8) -> String {
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
    private func raw(_ value: JSONValue) -> String {
        let text = value.canonicalText
        var signs = "#"
        while text.contains("\"" + signs) { signs += "#" }
        return "r\(signs)\"\(text)\"\(signs)"
    }

    /// Rust has no helpers for these kinds: the outcome is a value like any other.
    private func outcome(_ method: HandlerPlan.Method) -> JSONValue {
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

    // MARK: - Tests and program

    func tests(_ plan: HandlerPlan, base: String) -> String {
        let broken = plan.code.input.flatMap(plan.code.model).flatMap { SampleValue.broken($0, plan.inputSample) }
        var text = "//! Tests of the step handlers of \(plan.template.namespace)/\(plan.template.name).\n\n"
        text +=
            "use \(base)::\(base)_handlers::*;\nuse \(base)::tasker_stdio::{Json, StepContext, StepHandler, StepResult};\n\n"
        text += """
            fn context(message: &str) -> StepContext {
                StepContext::new(Json::parse(message).expect("the sample is JSON"))
            }

            """
        text += """

            fn is_refused(result: &StepResult) -> bool {
                matches!(result, StepResult::Failure { retryable, .. } if !retryable)
            }

            """.when(broken != nil)
        for handler in plan.handlers {
            for method in handler.methods {
                let name = NameWords(method.step.name).snake
                text += "\n#[test]\nfn \(name)_completes() {\n" + context(method, plan.inputSample)
                text += "    let result = \(handler.className).call(&context);\n\n"
                text += "    assert!(matches!(result, StepResult::Success(_)), \"{result:?}\");\n}\n"
                guard let broken else { continue }
                text += "\n#[test]\nfn \(name)_refuses_wrong_input() {\n" + context(method, broken)
                text += "    let result = \(handler.className).call(&context);\n\n"
                text += "    assert!(is_refused(&result), \"{result:?}\");\n}\n"
            }
        }
        return text
    }

    private func context(_ method: HandlerPlan.Method, _ input: JSONValue) -> String {
        var results: [String: JSONValue] = [:]
        for step in method.dependencies {
            results[step.isBatchWorker ? step.step + "_001" : step.step] = ["result": step.sample]
        }
        var message: [String: JSONValue] = ["task": ["context": input], "dependency_results": .object(results)]
        if let name = method.name { message["handler"] = ["method": .string(name)] }
        return binding("context", "context(\(raw(.object(message))))", indent: 4)
    }

    func program(_ plan: HandlerPlan, base: String) -> FileSet {
        var files = FileSet()
        files.add(
            "Cargo.toml",
            """
            [package]
            name = "\(base)"
            version = "0.1.0"
            edition = "2021"
            rust-version = "1.65"

            [lib]
            name = "\(base)"
            path = "lib.rs"

            [[bin]]
            name = "\(base)"
            path = "main.rs"
            doc = false
            \(usesSerde ? "\n[dependencies]\nserde = { version = \"1\", features = [\"derive\"] }\nserde_json = \"1\"\n" : "")
            """)
        files.add(
            "lib.rs",
            "//! Step handlers of \(plan.template.namespace)/\(plan.template.name).\n\npub mod \(base)_handlers;\npub mod \(base)_types;\npub mod tasker_stdio;\n"
        )
        let names = plan.handlers.map { "&\($0.className)" }
        let short = names.joined(separator: ", ")
        // rustfmt's width of an array.
        let list = short.count <= 58 ? short : "\n" + names.map { "        \($0),\n" }.joined() + "    "
        files.add(
            "main.rs",
            """
            //! Serves the handlers over standard input and output.

            use std::io;

            use \(base)::\(base)_handlers::*;
            use \(base)::tasker_stdio::{serve, StepHandler};

            fn main() -> io::Result<()> {
                let handlers: [&dyn StepHandler; \(plan.handlers.count)] = [\(list)];
                serve(&handlers, io::stdin().lock(), io::stdout().lock())
            }

            """)
        let stdio = EmbeddedScaffold.files["tasker-contrib-rust/step_handler/tasker_stdio.rs.stencil"] ?? ""
        let content = try? TemplateRenderer.render(stdio, file: "tasker_stdio.rs", variables: [:])
        files.add("tasker_stdio.rs", content ?? "")
        return files
    }

    /// Every callable of the template, as it is written there.
    func next(_ plan: HandlerPlan, base: String) -> String {
        let callables = plan.template.steps.map(\.handler.callable).uniqued.map { "--handler \(ShellWord.quoted($0))" }
        let offline = usesSerde ? "" : " --offline"
        return """
            Test it:  cargo test\(offline)
            Serve it: cargo build\(offline) && tasker-ctl worker exec --namespace \(plan.template.namespace) \
            \(callables.joined(separator: " ")) -- target/debug/\(base)
            """
    }
}

extension String {
    fileprivate func when(_ condition: Bool) -> String { condition ? self : "" }
}
