import TaskerProtocol
import TaskerTemplates

/// Plain structs over the JSON value of the generated `tasker_stdio.rs`, or serde ones, and handlers.
struct RustEmitter: CodeEmitter {
    let language = "rust"
    let usesSerde: Bool

    func typesFile(_ base: String) -> String { "\(base)_types.rs" }
    func handlersFile(_ base: String) -> String { "\(base)_handlers.rs" }
    func testsFile(_ base: String) -> String { "tests/\(base)_handlers_test.rs" }

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
