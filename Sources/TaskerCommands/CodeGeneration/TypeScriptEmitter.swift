import TaskerProtocol
import TaskerTemplates

/// Interfaces with parse functions (or Zod schemas) and handler classes.
struct TypeScriptEmitter: CodeEmitter {
    let language = "typescript"
    let usesZod: Bool
    /// Path of the SDK's package, or what npm takes as a version.
    var sdk = Self.usualSDK

    func typesFile(_ base: String) -> String { "\(NameWords(base).kebab)-types.ts" }
    func handlersFile(_ base: String) -> String { "\(NameWords(base).kebab)-handlers.ts" }
    func testsFile(_ base: String) -> String { "__tests__/\(NameWords(base).kebab)-handlers.test.ts" }

    // MARK: - Types

    func types(_ code: CodeModel, title: String) -> String {
        var text = "/** Types of \(title.replacing("*/", with: "")). Written by tasker-ctl generate types. */\n"
        if usesZod { return text + zod(code) }
        for declaration in code.declarations {
            text += "\n"
            switch declaration {
            case .alias(let name, let type):
                text += "export type \(name) = \(self.type(type));\n\n"
                text +=
                    "/** The value when it fits, else a TypeError. */\nexport function parse\(name)(value: unknown, path = '\(name)'): \(name) {\n"
                text += "  return \(check(type, "value", "path"));\n}\n"
            case .enumeration(let enumeration):
                text += "export type \(enumeration.name) =\n"
                text +=
                    enumeration.values.map { "  | \(StringLiterals.typescript($0))" }.joined(separator: "\n") + ";\n\n"
                text +=
                    "/** The value when it is one of them, else a TypeError. */\nexport function parse\(enumeration.name)(value: unknown, path = '\(enumeration.name)'): \(enumeration.name) {\n"
                text +=
                    "  const known: unknown[] = [\(enumeration.values.map(StringLiterals.typescript).joined(separator: ", "))];\n"
                text +=
                    "  if (!known.includes(value)) throw misfit(value, path);\n  return value as \(enumeration.name);\n}\n"
            case .model(let model): text += self.model(model)
            }
        }
        return text + "\n" + Self.support(code)
    }

    private func model(_ model: CodeModel.Model) -> String {
        var text = model.description.map { "/** \($0.replacing("*/", with: "")) */\n" } ?? ""
        text += "export interface \(model.name) {\n"
        for field in model.fields {
            if let description = field.description { text += "  /** \(description.replacing("*/", with: "")) */\n" }
            let optional = field.isRequired ? "" : "?"
            text += "  \(key(field.jsonName))\(optional): \(type(field.type));\n"
        }
        text += "}\n\n/** The value when it fits, else a TypeError that names the place. */\n"
        text += "export function parse\(model.name)(value: unknown, path = '\(model.name)'): \(model.name) {\n"
        text += "  const object = asObject(value, path);\n  const parsed: \(model.name) = {\n"
        for field in model.fields where field.isRequired {
            let name = StringLiterals.typescript(field.jsonName)
            text += "    \(key(field.jsonName)): \(check(field.type, "object[\(name)]", "`${path}.${\(name)}`")),\n"
        }
        text += "  };\n"
        for field in model.fields where !field.isRequired {
            let name = StringLiterals.typescript(field.jsonName)
            text += "  if (object[\(name)] !== undefined && object[\(name)] !== null) {\n"
            text += "    parsed[\(name)] = \(check(field.type, "object[\(name)]", "`${path}.${\(name)}`"));\n  }\n"
        }
        return text + "  return parsed;\n}\n"
    }

    private func key(_ name: String) -> String {
        let plain =
            name.first.map { $0.isASCII && ($0.isLetter || $0 == "_") } == true
            && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return plain ? name : StringLiterals.typescript(name)
    }

    private func type(_ type: CodeModel.TypeRef) -> String {
        switch type {
        case .string: "string"
        case .integer, .number: "number"
        case .boolean: "boolean"
        case .any: "unknown"
        case .model(let name), .enumeration(let name): name
        case .list(let inner): "\(self.type(inner))[]"
        case .map(let inner): "Record<string, \(self.type(inner))>"
        }
    }

    private func check(_ type: CodeModel.TypeRef, _ value: String, _ path: String) -> String {
        switch type {
        case .string: "asString(\(value), \(path))"
        case .integer: "asInteger(\(value), \(path))"
        case .number: "asNumber(\(value), \(path))"
        case .boolean: "asBoolean(\(value), \(path))"
        case .any: value
        case .model(let name), .enumeration(let name): "parse\(name)(\(value), \(path))"
        case .list(let inner):
            "asList(\(value), \(path), (item, place) => \(check(inner, "item", "place")))".unusedPlace(inner)
        case .map(let inner):
            "asRecord(\(value), \(path), (item, place) => \(check(inner, "item", "place")))".unusedPlace(inner)
        }
    }

    /// Only the functions that are used: unused ones are faults to strict compilers.
    private static func support(_ code: CodeModel) -> String {
        let isEmpty = code.declarations.isEmpty
        let hasModels = code.declarations.contains { if case .model = $0 { true } else { false } }
        func uses(_ kind: CodeModel.TypeRef) -> Bool { code.uses { $0 == kind } }
        let hasLists = code.uses { if case .list = $0 { true } else { false } }
        let hasMaps = code.uses { if case .map = $0 { true } else { false } }
        var text =
            isEmpty
            ? "export {};\n"
            : """
            function misfit(value: unknown, path: string): TypeError {
              return new TypeError(`${path}: ${JSON.stringify(value) ?? 'nothing'} does not fit`);
            }

            """
        if hasModels || hasMaps {
            text += """

                function asObject(value: unknown, path: string): Record<string, unknown> {
                  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw misfit(value, path);
                  return value as Record<string, unknown>;
                }

                """
        }
        if uses(.string) { text += scalar("String", "string", "typeof value !== 'string'") }
        if uses(.integer) { text += scalar("Integer", "number", "!Number.isInteger(value)") }
        if uses(.number) { text += scalar("Number", "number", "typeof value !== 'number'") }
        if uses(.boolean) { text += scalar("Boolean", "boolean", "typeof value !== 'boolean'") }
        if hasLists {
            text += """

                function asList<T>(value: unknown, path: string, parse: (item: unknown, place: string) => T): T[] {
                  if (!Array.isArray(value)) throw misfit(value, path);
                  return value.map((item, index) => parse(item, `${path}[${index}]`));
                }

                """
        }
        if hasMaps {
            text += """

                function asRecord<T>(
                  value: unknown,
                  path: string,
                  parse: (item: unknown, place: string) => T,
                ): Record<string, T> {
                  const entries = Object.entries(asObject(value, path));
                  return Object.fromEntries(entries.map(([key, item]) => [key, parse(item, `${path}.${key}`)]));
                }

                """
        }
        return text
    }

    private static func scalar(_ name: String, _ type: String, _ condition: String) -> String {
        "\nfunction as\(name)(value: unknown, path: string): \(type) {\n  if (\(condition)) throw misfit(value, path);\n"
            + "  return value\(name == "Integer" ? " as number" : "");\n}\n"
    }

    private func zod(_ code: CodeModel) -> String {
        var text = "import { z } from 'zod';\n"
        for declaration in code.declarations {
            let schema: String =
                switch declaration {
                case .alias(_, let type): zodType(type)
                case .enumeration(let enumeration):
                    "z.enum([\(enumeration.values.map(StringLiterals.typescript).joined(separator: ", "))])"
                case .model(let model):
                    "z.object({\n"
                        + model.fields.map {
                            "  \(key($0.jsonName)): \(zodType($0.type))\($0.isRequired ? "" : ".nullish()"),\n"
                        }
                        .joined() + "})"
                }
            let name = declaration.name
            text +=
                "\nexport const \(name)Schema = \(schema);\nexport type \(name) = z.infer<typeof \(name)Schema>;\n\n"
            text += "export function parse\(name)(value: unknown): \(name) {\n  return \(name)Schema.parse(value);\n}\n"
        }
        return text
    }

    private func zodType(_ type: CodeModel.TypeRef) -> String {
        switch type {
        case .string: "z.string()"
        case .integer: "z.number().int()"
        case .number: "z.number()"
        case .boolean: "z.boolean()"
        case .any: "z.unknown()"
        case .model(let name), .enumeration(let name): "\(name)Schema"
        case .list(let inner): "z.array(\(zodType(inner)))"
        case .map(let inner): "z.record(z.string(), \(zodType(inner)))"
        }
    }

    // MARK: - Handlers

    func handlers(_ plan: HandlerPlan, base: String) -> String {
        let methods = plan.handlers.flatMap(\.methods)
        var used: Set<String> = []
        if let input = plan.code.input { used.insert(input) }
        for method in methods {
            for dependency in method.dependencies where !dependency.isBatchWorker {
                if let model = dependency.model { used.insert(model) }
            }
            if let model = method.resultModel, method.step.type == .standard || method.step.type == .deferredConvergence
            {
                used.insert(model)
            }
        }
        var bases: Set<String> = []
        for handler in plan.handlers { bases.insert(self.base(of: handler)) }
        var text = "/** Step handlers of \(plan.template.namespace)/\(plan.template.name). */\n"
        text += "import {\n" + bases.sorted().map { "  \($0),\n" }.joined()
        text += "  type StepContext,\n  type StepHandlerResult,\n} from '@tasker-systems/tasker';\n"
        if !used.isEmpty {
            text +=
                "import {\n" + used.sorted().map { "  parse\($0),\n" }.joined()
                + "} from './\(NameWords(base).kebab)-types.js';\n"
        }
        for handler in plan.handlers {
            text += "\nexport class \(handler.className) extends \(self.base(of: handler)) {\n"
            text +=
                "  static handlerName = \(StringLiterals.typescript(handler.handlerName));\n  static handlerVersion = '1.0.0';\n"
            if !handler.methods.contains(where: { $0.name == nil }) {
                let first = identifier(handler.methods[0].name ?? "call") { $0.camel }
                text +=
                    "\n  async call(context: StepContext): Promise<StepHandlerResult> {\n    return this.\(first)(context);\n  }\n"
            }
            for method in handler.methods {
                let name = method.name ?? "call"
                let shown =
                    name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                    ? name : identifier(name) { $0.camel }
                text +=
                    "\n  async \(shown)(context: StepContext): Promise<StepHandlerResult> {\n\(body(method, plan))  }\n"
            }
            text += "}\n"
        }
        return text
    }

    private func base(of handler: HandlerPlan.Handler) -> String {
        let kinds = Set(handler.methods.map(\.step.type))
        if kinds.contains(.decision) { return "DecisionHandler" }
        return kinds.contains(.batchable) || kinds.contains(.batchWorker) ? "BatchableStepHandler" : "StepHandler"
    }

    private func body(_ method: HandlerPlan.Method, _ plan: HandlerPlan) -> String {
        var text = ""
        if method.step.type == .batchWorker {
            text +=
                "    const noOp = this.handleNoOpWorker(context);\n    if (noOp) return noOp;\n    const batch = this.getBatchContext(context);\n"
            text += "    if (!batch) return this.failure('the step has no batch', 'validation_error', false);\n\n"
        }
        text +=
            "    const taskInput = \(plan.code.input.map { "parse\($0)(context.inputData)" } ?? "context.inputData");\n"
        var variables = ["taskInput"]
        for dependency in method.dependencies {
            var words = dependency.words
            words.words.append("result")
            let name = identifier(words.snake) { $0.camel }
            variables.append(name)
            let step = StringLiterals.typescript(dependency.step)
            if dependency.isBatchWorker {
                text +=
                    "    const \(name) = context.getAllDependencyResults(\(StringLiterals.typescript(dependency.step + "_")));\n"
            } else if let model = dependency.model, dependency.isOptional {
                text += "    const \(name)Value = context.getDependencyResult(\(step));\n"
                text += "    const \(name) = \(name)Value === null ? null : parse\(model)(\(name)Value);\n"
            } else if let model = dependency.model {
                text += "    const \(name) = parse\(model)(context.getDependencyResult(\(step)));\n"
            } else {
                text += "    const \(name) = context.getDependencyResult(\(step));\n"
            }
        }
        text += "    // Write the step here. What was read above is checked and typed.\n"
        text += "    void [\(variables.joined(separator: ", "))];\n\n"
        switch method.step.type {
        case .decision:
            text +=
                "    return this.decisionSuccess([\(method.branches.map(StringLiterals.typescript).joined(separator: ", "))]);\n"
        case .batchable:
            text += "    const total = Number(context.getInputOr<number>('total_items', 0));\n"
            text += "    return this.batchAnalyzerSuccess(this.createBatchOutcome(total, 100));\n"
        case .batchWorker:
            text += "    return this.batchWorkerSuccess(batch, { result: \(literal(wrapped(method.sample))) });\n"
        case .standard, .deferredConvergence:
            if let model = method.resultModel, plan.code.model(model) != nil {
                text +=
                    "    const result = parse\(model)(\(literal(method.sample)));\n    return this.success({ ...result });\n"
            } else {
                text += "    return this.success(\(literal(wrapped(method.sample))));\n"
            }
        }
        return text
    }

    private func wrapped(_ sample: JSONValue) -> JSONValue {
        if case .object = sample { sample } else { ["value": sample] }
    }

    private func literal(_ value: JSONValue) -> String {
        switch value {
        case .string(let text): StringLiterals.typescript(text)
        case .array(let items): "[\(items.map(literal).joined(separator: ", "))]"
        case .object(let members) where members.isEmpty: "{}"
        case .object(let members):
            "{ " + members.sorted { $0.key < $1.key }.map { "\(key($0)): \(literal($1))" }.joined(separator: ", ")
                + " }"
        default: value.canonicalText
        }
    }

    // MARK: - Tests and program

    func tests(_ plan: HandlerPlan, base: String) -> String {
        let broken = plan.code.input.flatMap(plan.code.model).flatMap { SampleValue.broken($0, plan.inputSample) }
        var text = """
            // @ts-ignore: its types are in @types/node, which the handlers do not need.
            import assert from 'node:assert/strict';
            // @ts-ignore: the same.
            import { test } from 'node:test';
            import { StepContext, type StepEvent } from '@tasker-systems/tasker';
            import {
            \(plan.handlers.map { "  \($0.className),\n" }.sorted().joined())} from '../\(NameWords(base).kebab)-handlers.js';

            type Values = Record<string, unknown>;

            function context(inputData: Values, results: Values = {}, stepInputs: Values = {}): StepContext {
              const dependencyResults: Values = {};
              for (const [name, result] of Object.entries(results)) {
                dependencyResults[name] = { status: 'completed', success: true, result };
              }
              return new StepContext({
                event: {} as unknown as StepEvent,
                taskUuid: 't1',
                stepUuid: 's1',
                correlationId: 'c1',
                handlerName: 'handler',
                inputData,
                dependencyResults,
                stepConfig: {},
                stepInputs,
                retryCount: 0,
                maxRetries: 3,
              });
            }

            const INPUT: Values = \(literal(plan.inputSample));

            """
        for handler in plan.handlers {
            for method in handler.methods {
                let name = method.name ?? "call"
                let shown =
                    name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
                    ? name : identifier(name) { $0.camel }
                let others = arguments(method)
                text += "\ntest(\(StringLiterals.typescript("\(method.step.name) completes")), async () => {\n"
                text += "  const result = await new \(handler.className)().\(shown)(context(INPUT\(others)));\n\n"
                text += "  assert.equal(result.success, true);\n});\n"
                if let broken, method.name == nil {
                    text +=
                        "\ntest(\(StringLiterals.typescript("\(method.step.name) refuses wrong input")), async () => {\n"
                    text += "  const given = context(\(literal(broken))\(others));\n\n"
                    text +=
                        "  await assert.rejects(new \(handler.className)().\(shown)(given), /fit|expected|invalid/i);\n});\n"
                }
            }
        }
        return text
    }

    private func arguments(_ method: HandlerPlan.Method) -> String {
        var steps: [String: JSONValue] = [:]
        for dependency in method.dependencies {
            steps[dependency.isBatchWorker ? dependency.step + "_001" : dependency.step] = dependency.sample
        }
        let isWorker = method.step.type == .batchWorker
        if steps.isEmpty, !isWorker { return "" }
        return ", \(literal(.object(steps)))" + (isWorker ? ", \(literal(PythonEmitter.batchInputs))" : "")
    }

    func program(_ plan: HandlerPlan, base: String) -> FileSet {
        let kebab = NameWords(base).kebab
        let registrations = plan.handlers.map {
            "server.getHandlerSystem().register(\($0.className).handlerName, \($0.className));\n"
        }.joined()
        var files = FileSet()
        files.add(
            "\(kebab)-worker.ts",
            """
            /** Serves the steps of \(plan.template.namespace)/\(plan.template.name). */
            // @ts-ignore: its types are in @types/node, which the worker does not need.
            import process from 'node:process';
            import { WorkerServer } from '@tasker-systems/tasker';
            import {
            \(plan.handlers.map { "  \($0.className),\n" }.sorted().joined())} from './\(kebab)-handlers.js';

            const server = new WorkerServer();
            \(registrations)// SIGTERM and Ctrl-C let running steps finish, a second one ends at once.
            for (const signal of ['SIGTERM', 'SIGINT']) {
              process.once(signal, async () => {
                await server.shutdown(signal);
                process.exit(0);
              });
            }
            await server.start({ namespace: \(StringLiterals.typescript(plan.template.namespace)) });

            """)
        files.add(
            "package.json",
            Self.packageFile("\(kebab)-worker", start: "node dist/\(kebab)-worker.js", sdk: sdk))
        files.add("tsconfig.json", Self.compilerConfiguration)
        return files
    }

    static let usualSDK = "../tasker/sdks/typescript"

    /// - Parameter sdk: a path, or what npm takes as the version of a package.
    static func packageFile(_ name: String, start: String, sdk: String) -> String {
        let isPath = !sdk.contains(":") && sdk.contains("/")
        let version = JSONValue.string(isPath ? "file:" + sdk : sdk).canonicalText
        return """
            {
              "name": "\(name)",
              "private": true,
              "type": "module",
              "scripts": {
                "build": "tsc",
                "test": "tsc && node --test dist/__tests__",
                "start": "tsc && \(start)"
              },
              "dependencies": {
                "@tasker-systems/tasker": \(version)
              }
            }

            """
    }

    static let compilerConfiguration = """
        {
          "compilerOptions": {
            "target": "ES2022",
            "module": "node16",
            "moduleResolution": "node16",
            "lib": ["ES2022", "DOM", "DOM.Iterable"],
            "strict": true,
            "outDir": "dist"
          },
          "include": ["*.ts", "__tests__/*.ts"]
        }

        """

    func next(_ plan: HandlerPlan, base: String) -> String {
        """
        The SDK:  npm install
        Test it:  tsc && node --test dist/__tests__
        Serve it: tsc && node dist/\(NameWords(base).kebab)-worker.js
        """
    }
}

extension String {
    /// A check of anything needs no place.
    fileprivate func unusedPlace(_ inner: CodeModel.TypeRef) -> String {
        inner == .any ? replacing("(item, place) =>", with: "(item) =>") : self
    }
}
