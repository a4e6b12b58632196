import TaskerProtocol
import TaskerTemplates

/// Codable structs and handler types.
struct SwiftEmitter: CodeEmitter {
    let language = "swift"

    func typesFile(_ base: String) -> String { "Sources/\(module(base))/\(module(base))Types.swift" }
    func handlersFile(_ base: String) -> String { "Sources/\(module(base))/\(module(base))Handlers.swift" }
    func testsFile(_ base: String) -> String { "Tests/\(module(base))Tests/\(module(base))HandlersTests.swift" }

    private func module(_ base: String) -> String { NameWords(base).pascal }

    // MARK: - Types

    func types(_ code: CodeModel, title: String) -> String {
        var text = "// Types of \(title). Written by tasker-ctl generate types.\nimport TaskerWorker\n"
        for declaration in code.declarations {
            text += "\n"
            switch declaration {
            case .alias(let name, let type): text += "public typealias \(name) = \(self.type(type))\n"
            case .enumeration(let enumeration):
                text += "public enum \(enumeration.name): String, Codable, Sendable, CaseIterable {\n"
                for (value, name) in zip(enumeration.values, identifiers(enumeration.values) { $0.camel }) {
                    text += "    case \(name)\(name == value ? "" : " = \(StringLiterals.swift(value))")\n"
                }
                text += "}\n"
            case .model(let model): text += self.model(model)
            }
        }
        return text
    }

    private func names(_ model: CodeModel.Model) -> [String] {
        identifiers(model.fields.map(\.jsonName)) { $0.camel }
    }

    private func model(_ model: CodeModel.Model) -> String {
        var text = model.description.map { "/// \($0)\n" } ?? ""
        text += "public struct \(model.name): Codable, Sendable, Hashable {\n"
        let names = self.names(model)
        let fields = Array(zip(model.fields, names))
        func declared(_ field: CodeModel.Field) -> String { type(field.type) + (field.isRequired ? "" : "?") }
        for (field, name) in fields {
            if let description = field.description { text += "    /// \(description)\n" }
            text += "    public var \(name): \(declared(field))\n"
        }
        text += "\n    public init(\n"
        let parameters = fields.map { field, name in
            "        \(name): \(declared(field))\(field.isRequired ? "" : " = nil")"
        }
        text += parameters.joined(separator: ",\n") + "\n    ) {\n"
        for (_, name) in fields { text += "        self.\(name) = \(name)\n" }
        text += "    }\n"
        if fields.contains(where: { $0.0.jsonName != $0.1 }) {
            text += "\n    private enum CodingKeys: String, CodingKey {\n"
            for (field, name) in fields {
                text +=
                    "        case \(name)\(field.jsonName == name ? "" : " = \(StringLiterals.swift(field.jsonName))")\n"
            }
            text += "    }\n"
        }
        return text + "}\n"
    }

    private func type(_ type: CodeModel.TypeRef) -> String {
        switch type {
        case .string: "String"
        case .integer: "Int"
        case .number: "Double"
        case .boolean: "Bool"
        case .any: "JSONValue"
        case .model(let name), .enumeration(let name): name
        case .list(let inner): "[\(self.type(inner))]"
        case .map(let inner): "[String: \(self.type(inner))]"
        }
    }

    // MARK: - Handlers

    func handlers(_ plan: HandlerPlan, base: String) -> String {
        var text = "// Step handlers of \(plan.template.namespace)/\(plan.template.name).\nimport TaskerWorker\n"
        for handler in plan.handlers {
            let kinds = Set(handler.methods.map(\.step.type))
            var protocols: [String] = []
            if kinds.contains(.decision) { protocols.append("DecisionHandler") }
            if kinds.contains(.batchable) || kinds.contains(.batchWorker) { protocols.append("BatchableHandler") }
            if protocols.isEmpty { protocols = ["StepHandler"] }
            text += "\npublic struct \(handler.className): \(protocols.joined(separator: ", ")) {\n"
            text += "    public static let handlerName = \(StringLiterals.swift(handler.handlerName))\n"
            text += "    public static let handlerVersion = \"1.0.0\"\n\n    public init() {}\n"
            let named = handler.methods.compactMap(\.name)
            if !named.isEmpty {
                let entries = named.map { "\(StringLiterals.swift($0)): \(identifier($0) { $0.camel })" }
                text += "\n    public var methods: [String: @Sendable (StepContext) async throws -> StepResult] {\n"
                text += "        [\(entries.joined(separator: ", "))]\n    }\n"
            }
            if named.count == handler.methods.count {
                text += "\n    public func call(_ context: StepContext) async throws -> StepResult {\n"
                text += "        try await \(identifier(named[0]) { $0.camel })(context)\n    }\n"
            }
            for method in handler.methods {
                let access = method.name == nil ? "public " : "@Sendable "
                let name = method.name.map { identifier($0) { $0.camel } } ?? "call"
                text += "\n    \(access)func \(name)(_ context: StepContext) async throws -> StepResult {\n"
                text += body(method, plan) + "    }\n"
            }
            text += "}\n"
        }
        return text
    }

    private func body(_ method: HandlerPlan.Method, _ plan: HandlerPlan) -> String {
        var text = ""
        if method.step.type == .batchWorker {
            text +=
                "        guard let batch = batch(from: context) else { throw StepError.validation(\"the step has no batch\") }\n"
            text += "        if batch.isNoOp { return noOp(batch) }\n"
        }
        text +=
            "        let taskInput = \(plan.code.input.map { "try context.input(as: \($0).self)" } ?? "context.input")\n"
        var variables = ["taskInput"]
        for dependency in method.dependencies {
            var words = dependency.words
            words.words.append("result")
            let name = identifier(words.snake) { $0.camel }
            variables.append(name)
            let step = StringLiterals.swift(dependency.step)
            let type = dependency.model ?? "JSONValue"
            if dependency.isBatchWorker {
                text +=
                    "        let \(name) = try context.results(withPrefix: \(StringLiterals.swift(dependency.step + "_")), as: \(type).self)\n"
            } else {
                let optional = dependency.isOptional || dependency.model == nil ? "?" : ""
                text += "        let \(name): \(type)\(optional) = try context.result(of: \(step))\n"
            }
        }
        let read = variables.count == 1 ? variables[0] : "(" + variables.joined(separator: ", ") + ")"
        text += "        // Write the step here. What was read above is checked and typed.\n        _ = \(read)\n"
        switch method.step.type {
        case .decision:
            text += "        return decide([\(method.branches.map(StringLiterals.swift).joined(separator: ", "))])\n"
        case .batchable:
            text += "        return batches(total: try context.input(\"total_items\", default: 0), size: 100)\n"
        case .batchWorker:
            text += "        return batchSuccess(batch, \(literal(wrapped(method.sample))))\n"
        case .standard, .deferredConvergence:
            guard let model = method.resultModel else {
                text += "        return success(\(literal(wrapped(method.sample))))\n"
                break
            }
            let sample = StringLiterals.swift(method.sample.canonicalText)
            text +=
                "        let result = try RawJSONDecoder().decode(\(model).self, from: RawJSON(validating: \(sample)))\n"
            text += "        return .success(result)\n"
        }
        return text
    }

    private func wrapped(_ sample: JSONValue) -> JSONValue {
        if case .object = sample { sample } else { ["value": sample] }
    }

    private func literal(_ value: JSONValue) -> String {
        switch value {
        case .null: "nil"
        case .string(let text): StringLiterals.swift(text)
        case .array(let items): "[\(items.map(literal).joined(separator: ", "))]"
        case .object(let members) where members.isEmpty: "[:]"
        case .object(let members):
            "["
                + members.sorted { $0.key < $1.key }.map { "\(StringLiterals.swift($0)): \(literal($1))" }.joined(
                    separator: ", ") + "]"
        default: value.canonicalText
        }
    }

    // MARK: - Tests and program

    func tests(_ plan: HandlerPlan, base: String) -> String {
        let broken = plan.code.input.flatMap(plan.code.model).flatMap { SampleValue.broken($0, plan.inputSample) }
        var text = "import TaskerTestKit\nimport Testing\n\n@testable import \(module(base))\n\n"
        text += "struct \(module(base))HandlersTests {\n    let input: JSONValue = \(literal(plan.inputSample))\n"
        for handler in plan.handlers {
            for method in handler.methods {
                let name = NameWords(method.step.name).camel
                let others = arguments(method)
                text +=
                    "\n    @Test func \(name)Completes() async {\n        let context = StepContext.test(input: input\(others))\n"
                text += "        let outcome = await TestKit.run(\(handler.className)(), context)\n\n"
                text += "        #expect(outcome.isSuccess, \"\\(String(describing: outcome.failure))\")\n    }\n"
                if let broken, method.name == nil {
                    text += "\n    @Test func \(name)RefusesWrongInput() async {\n"
                    text += "        let context = StepContext.test(input: \(literal(broken))\(others))\n"
                    text += "        let outcome = await TestKit.run(\(handler.className)(), context)\n\n"
                    text += "        #expect(outcome.failure?.isRetryable == false)\n    }\n"
                }
            }
        }
        return text + "}\n"
    }

    private func arguments(_ method: HandlerPlan.Method) -> String {
        var text = ""
        let steps = method.dependencies.map { dependency in
            let name = dependency.isBatchWorker ? dependency.step + "_001" : dependency.step
            return "\(StringLiterals.swift(name)): \(literal(dependency.sample))"
        }
        if !steps.isEmpty { text += ", dependencies: [\(steps.joined(separator: ", "))]" }
        if method.step.type == .batchWorker { text += ", stepInputs: StepContext.batch(0..<10)" }
        if let name = method.name { text += ", method: \(StringLiterals.swift(name))" }
        return text
    }

    func program(_ plan: HandlerPlan, base: String) -> FileSet {
        let module = module(base)
        let registrations = plan.handlers.map { "handlers.register(\($0.className)())\n" }.joined()
        var files = FileSet()
        files.add(
            "Package.swift",
            """
            // swift-tools-version: 6.1
            import PackageDescription

            let package = Package(
                name: "\(module)",
                platforms: [.macOS(.v15)],
                dependencies: [.package(name: "tasker", path: "../tasker")],
                targets: [
                    .target(
                        name: "\(module)", dependencies: [.product(name: "TaskerWorker", package: "tasker")]),
                    .executableTarget(
                        name: "\(NameWords(base).kebab)-worker",
                        dependencies: ["\(module)", .product(name: "TaskerWorker", package: "tasker")]),
                    .testTarget(
                        name: "\(module)Tests",
                        dependencies: ["\(module)", .product(name: "TaskerTestKit", package: "tasker")]),
                ]
            )

            """)
        files.add(
            "Sources/\(NameWords(base).kebab)-worker/main.swift",
            """
            import \(module)
            import TaskerWorker

            var handlers = HandlerRegistry()
            \(registrations)var flags = WorkerFlags()
            flags.namespaces = [\(StringLiterals.swift(plan.template.namespace))]
            await Worker.main(handlers: handlers, flags: flags)

            """)
        return files
    }

    func next(base: String, namespace: String) -> String {
        "Test it:  swift test\nServe it: swift run \(NameWords(base).kebab)-worker"
    }
}
