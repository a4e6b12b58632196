import TaskerProtocol
import TaskerTemplates

/// Codable structs and handler types.
struct SwiftEmitter: CodeEmitter {
    let language = "swift"
    /// Package URL or path of the SDK.
    let sdk: String

    static let usualSDK = "../tasker"

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
                let prefix = StringLiterals.swift(dependency.step + "_")
                text += call(
                    "let \(name) = try context.results", "withPrefix: \(prefix), as: \(type).self", indent: 8)
            } else {
                let optional = dependency.isOptional || dependency.model == nil ? "?" : ""
                text += call("let \(name): \(type)\(optional) = try context.result", "of: \(step)", indent: 8)
            }
        }
        text += "        // Write the step here. What was read above is checked and typed.\n"
        text += "        _ = \(read(variables))\n"
        switch method.step.type {
        case .decision:
            let steps = JSONValue.array(method.branches.map { .string($0) })
            text += "        return decide(\(literal(steps, indent: 8, used: 23)))\n"
        case .batchable:
            text += "        return batches(total: try context.input(\"total_items\", default: 0), size: 100)\n"
        case .batchWorker:
            let outcome = literal(wrapped(method.sample), indent: 8, used: 36)
            text += "        return batchSuccess(batch, \(outcome))\n"
        case .standard, .deferredConvergence:
            guard let model = method.resultModel else {
                text += "        return success(\(literal(wrapped(method.sample), indent: 8, used: 24)))\n"
                break
            }
            let head = "        let sample: JSONValue = "
            text += "\(head)\(literal(method.sample, indent: 8, used: head.count))\n"
            text += call(
                "let result = try RawJSONDecoder().decode", "\(model).self, from: RawJSON(sample)", indent: 8)
            text += "        return .success(result)\n"
        }
        return text
    }

    private func wrapped(_ sample: JSONValue) -> JSONValue {
        if case .object = sample { sample } else { ["value": sample] }
    }

    private static let literals = LiteralLayout(
        step: 4, object: ("[", "]", "[:]"), hasLastComma: true, key: { StringLiterals.swift($0) + ": " },
        scalar: { value in
            switch value {
            case .null: "nil"
            case .string(let text): StringLiterals.swift(text)
            default: value.canonicalText
            }
        })

    private func literal(_ value: JSONValue, indent: Int = 0, used: Int = 0) -> String {
        Self.literals.text(value, indent: indent, used: used)
    }

    private func read(_ variables: [String]) -> String {
        if variables.count == 1 { return variables[0] }
        let line = "(\(variables.joined(separator: ", ")))"
        if line.count <= 108 { return line }
        return "(\n" + variables.map { "            \($0)" }.joined(separator: ",\n") + "\n        )"
    }

    /// A call on one line, or with its arguments on the next one.
    private func call(_ left: String, _ arguments: String, indent: Int) -> String {
        let pad = String(repeating: " ", count: indent)
        let line = "\(pad)\(left)(\(arguments))"
        return (line.count <= 120 ? line : "\(pad)\(left)(\n\(pad)    \(arguments))") + "\n"
    }

    // MARK: - Tests and program

    func tests(_ plan: HandlerPlan, base: String) -> String {
        let broken = plan.code.input.flatMap(plan.code.model).flatMap { SampleValue.broken($0, plan.inputSample) }
        var text = "import TaskerTestKit\nimport Testing\n\n@testable import \(module(base))\n\n"
        text += "struct \(module(base))HandlersTests {\n"
        text += "    let input: JSONValue = \(literal(plan.inputSample, indent: 4, used: 27))\n"
        for handler in plan.handlers {
            for method in handler.methods {
                let name = NameWords(method.step.name).camel
                text += "\n    @Test func \(name)Completes() async {\n"
                text += context(method, input: nil)
                text += "        let outcome = await TestKit.run(\(handler.className)(), context)\n\n"
                text += "        #expect(outcome.isSuccess, \"\\(String(describing: outcome.failure))\")\n    }\n"
                if let broken, method.name == nil {
                    text += "\n    @Test func \(name)RefusesWrongInput() async {\n"
                    text += context(method, input: broken)
                    text += "        let outcome = await TestKit.run(\(handler.className)(), context)\n\n"
                    text += "        #expect(outcome.failure?.isRetryable == false)\n    }\n"
                }
            }
        }
        return text + "}\n"
    }

    /// - Parameter input: nil for the one that fits.
    private func context(_ method: HandlerPlan.Method, input: JSONValue?) -> String {
        var steps: [String: JSONValue] = [:]
        for dependency in method.dependencies {
            steps[dependency.isBatchWorker ? dependency.step + "_001" : dependency.step] = dependency.sample
        }
        func arguments(_ input: String, _ steps: String?) -> String {
            var text = "input: \(input)"
            if let steps { text += ", dependencies: \(steps)" }
            if method.step.type == .batchWorker { text += ", stepInputs: StepContext.batch(0..<10)" }
            if let name = method.name { text += ", method: \(StringLiterals.swift(name))" }
            return text
        }
        let results = steps.isEmpty ? nil : literal(.object(steps))
        let line =
            "        let context = StepContext.test(\(arguments(input.map { literal($0) } ?? "input", results)))\n"
        if line.count <= 121 { return line }
        var text = ""
        if let input { text += "        let wrong: JSONValue = \(literal(input, indent: 8, used: 31))\n" }
        if !steps.isEmpty {
            let value = literal(.object(steps), indent: 8, used: 55)
            text += "        let results: KeyValuePairs<String, JSONValue> = \(value)\n"
        }
        return text
            + call(
                "let context = StepContext.test",
                arguments(input == nil ? "input" : "wrong", results.map { _ in "results" }),
                indent: 8)
    }

    func program(_ plan: HandlerPlan, base: String) -> FileSet {
        let module = module(base)
        let isURL = PackageAddress.isURL(sdk)
        let address = StringLiterals.swift(sdk)
        let package = isURL ? "url: \(address), branch: \"main\"" : "name: \"tasker\", path: \(address)"
        let identity = StringLiterals.swift(isURL ? PackageAddress.identity(sdk) : "tasker")
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
                dependencies: [.package(\(package))],
                targets: [
                    .target(
                        name: "\(module)", dependencies: [.product(name: "TaskerWorker", package: \(identity))]),
                    .executableTarget(
                        name: "\(NameWords(base).kebab)-worker",
                        dependencies: ["\(module)", .product(name: "TaskerWorker", package: \(identity))]),
                    .testTarget(
                        name: "\(module)Tests",
                        dependencies: ["\(module)", .product(name: "TaskerTestKit", package: \(identity))]),
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

    func next(_ plan: HandlerPlan, base: String) -> String {
        "Test it:  swift test\nServe it: swift run \(NameWords(base).kebab)-worker"
    }
}
