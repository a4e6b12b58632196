import Testing

@testable import TaskerCommands

/// The commands of the handler types page, word for word.
@Suite struct SeedPageTests {
    static let commands: [(template: String, parameters: [String], snake: String, pascal: String)] = [
        ("step_handler", ["name=ProcessPayment"], "process_payment", "ProcessPayment"),
        ("step_handler_api", ["name=FetchOrder", "base_url=https://api.example.com"], "fetch_order", "FetchOrder"),
        ("step_handler_decision", ["name=OrderRouting"], "order_routing", "OrderRouting"),
        ("step_handler_batchable", ["name=DataExport"], "data_export", "DataExport"),
        ("task_template", ["name=OrderProcessing", "namespace=ecommerce"], "order_processing", "OrderProcessing"),
    ]

    static let plugins = ["python", "rails", "typescript", "rust", "swift"].map { "tasker-contrib-" + $0 }

    @Test(arguments: commands.indices, plugins)
    func eachMakesItsFiles(index: Int, plugin: String) async throws {
        let command = Self.commands[index]
        let place = Workplace()
        let arguments = command.parameters.flatMap { ["--param", $0] }
        let run = await place.run(["template", "generate", command.template, "--plugin", plugin] + arguments)

        let isKind = command.template.hasPrefix("step_handler_")
        if plugin == "tasker-contrib-rust", isKind {
            #expect(run.status == .notFound)
            #expect(run.errors.contains("it has: step_handler, task_template"))
            #expect(run.errors.contains("tasker-contrib-python"))
            #expect(place.files().isEmpty)
            return
        }
        #expect(run.status == .ok, "\(run.errors)")
        #expect(place.files() == files(command, plugin).sorted())
    }

    private func files(
        _ command: (template: String, parameters: [String], snake: String, pascal: String), _ plugin: String
    ) -> [String] {
        let (snake, pascal) = (command.snake, command.pascal)
        let kebab = NameWords(pascal).kebab
        if command.template == "task_template" { return [snake + ".yaml"] }
        switch plugin {
        case "tasker-contrib-python": return ["\(snake)_handler.py", "tests/test_\(snake)_handler.py"]
        case "tasker-contrib-rails": return ["\(snake)_handler.rb", "spec/\(snake)_handler_spec.rb"]
        case "tasker-contrib-typescript": return ["\(kebab)-handler.ts", "__tests__/\(kebab)-handler.test.ts"]
        case "tasker-contrib-rust":
            return ["\(snake).rs", "tests/\(snake)_test.rs", "Cargo.toml", "lib.rs", "main.rs", "tasker_stdio.rs"]
        default:
            return [
                "Sources/Handlers/\(pascal)Handler.swift", "Tests/HandlersTests/\(pascal)HandlerTests.swift",
                "Package.swift",
            ]
        }
    }

    @Test func theStepHandlerIsThatOfThePage() async throws {
        let place = Workplace()
        await place.run(
            "template", "generate", "step_handler", "--plugin", "tasker-contrib-python", "--param",
            "name=ProcessPayment")

        let text = try place.read("process_payment_handler.py")
        for line in [
            "from tasker_core import StepContext, StepHandler, StepHandlerResult",
            "class ProcessPaymentHandler(StepHandler):", "    handler_name = \"process_payment\"",
            "    handler_version = \"1.0.0\"", "    def call(self, context: StepContext) -> StepHandlerResult:",
            "        input_data = context.input_data", "        return StepHandlerResult.success(result=result)",
        ] {
            #expect(text.contains(line + "\n"), "\(line)")
        }
    }
}
