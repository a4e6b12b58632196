import TaskerProtocol
import TaskerTemplates

/// Value classes without any library, or Dry::Struct classes, and handler classes.
struct RubyEmitter: CodeEmitter {
    let language = "ruby"
    let usesDryStruct: Bool

    func typesFile(_ base: String) -> String { "\(base)_types.rb" }
    func handlersFile(_ base: String) -> String { "\(base)_handlers.rb" }
    func testsFile(_ base: String) -> String { "spec/\(base)_handlers_spec.rb" }

    // Methods that every object has.
    var reserved: Set<String> {
        [
            "class", "hash", "object_id", "send", "method", "methods", "freeze", "dup", "clone", "display", "tap",
            "to_h", "inspect", "initialize", "extend", "then",
        ]
    }

    // MARK: - Types

    func types(_ code: CodeModel, title: String) -> String {
        usesDryStruct ? dryTypes(code, title) : plainTypes(code, title)
    }

    private func plainTypes(_ code: CodeModel, _ title: String) -> String {
        var text = "# frozen_string_literal: true\n\n# Types of \(title). Written by tasker-ctl generate types.\n\n"
        text += Self.support
        for declaration in code.declarations {
            text += "\n"
            switch declaration {
            case .alias(let name, let type): text += "\(constant(name)) = \(self.type(type))\n"
            case .enumeration(let enumeration):
                let values = JSONValue.array(enumeration.values.map { .string($0) })
                text += assign("", enumeration.name, "TypedValue::OneOf.new", values)
            case .model(let model): text += self.model(model)
            }
        }
        return text
    }

    /// An alias is a value, so it is spelled as one.
    private func constant(_ name: String) -> String { name }

    private func model(_ model: CodeModel.Model) -> String {
        var text = model.description.map { "# \($0)\n" } ?? ""
        text += "class \(model.name) < TypedValue\n"
        for (field, name) in zip(model.fields, identifiers(model.fields.map(\.jsonName)) { $0.snake }) {
            var options: [String] = []
            if field.jsonName != name { options.append("key: \(StringLiterals.ruby(field.jsonName))") }
            if !field.isRequired { options.append("optional: true") }
            text += "  attribute :\(name), \(type(field.type))" + options.map { ", \($0)" }.joined() + "\n"
        }
        return text + "end\n"
    }

    private func type(_ type: CodeModel.TypeRef) -> String {
        switch type {
        case .string: "String"
        case .integer: "Integer"
        case .number: "Float"
        case .boolean: "TypedValue::BOOL"
        case .any: "TypedValue::ANY"
        case .model(let name), .enumeration(let name): name
        case .list(let inner): "[\(self.type(inner))]"
        case .map(let inner): "{ String => \(self.type(inner)) }"
        }
    }

    /// What makes a class of attributes; a file of its own is not worth a require.
    private static let support = """
        unless defined?(TypedValue)
          # An object of checked, frozen attributes. Wrong values raise TypedValue::Invalid, a TypeError.
          class TypedValue
            class Invalid < TypeError; end

            ANY = Object.new.freeze
            BOOL = [true, false].freeze
            OneOf = Struct.new(:allowed)
            Attribute = Struct.new(:name, :key, :type, :optional)

            class << self
              def attributes
                @attributes ||= []
              end

              def attribute(name, type, key: name.to_s, optional: false)
                attributes << Attribute.new(name, key, type, optional)
                define_method(name) { @values[name] }
              end

              def attribute_names
                attributes.map(&:name)
              end

              # From a hash with the names of the JSON, as strings or symbols.
              def parse(value)
                raise Invalid, "#{name}: #{value.class} is no object" unless value.respond_to?(:to_h)

                given = value.to_h.transform_keys(&:to_s)
                new(attributes.to_h { |attribute| [attribute.name, check(attribute, given)] })
              end

              def check(attribute, given)
                value = given[attribute.key]
                return convert(attribute.type, value, "#{name}.#{attribute.name}") unless value.nil?
                return nil if attribute.optional || attribute.type.equal?(ANY)

                raise Invalid, "#{name}.#{attribute.name} is missing"
              end

              def convert(type, value, place)
                case type
                when ANY then value
                when BOOL then expect(BOOL.include?(value), value, place)
                when OneOf then expect(type.allowed.include?(value), value, place)
                when Array then list(type, value, place)
                when Hash then map(type, value, place)
                else scalar(type, value, place)
                end
              end

              private

              def list(type, value, place)
                expect(value.is_a?(Array), value, place)
                value.each_with_index.map { |item, index| convert(type.first, item, "#{place}[#{index}]") }
              end

              def map(type, value, place)
                expect(value.is_a?(Hash), value, place)
                value.to_h { |key, item| [key.to_s, convert(type.values.first, item, "#{place}.#{key}")] }
              end

              def scalar(type, value, place)
                return type.parse(value) if type <= TypedValue
                return Float(value) if type == Float && value.is_a?(Numeric)

                expect(value.is_a?(type), value, place)
              end

              def expect(fits, value, place)
                raise Invalid, "#{place}: #{value.inspect} does not fit" unless fits

                value
              end
            end

            def initialize(values)
              @values = values.freeze
              freeze
            end

            # With the names of the JSON; attributes without a value are left out.
            def to_h
              self.class.attributes.each_with_object({}) do |attribute, hash|
                value = @values[attribute.name]
                hash[attribute.key] = plain(value) unless value.nil?
              end
            end

            def ==(other)
              other.class == self.class && other.to_h == to_h
            end

            private

            def plain(value)
              case value
              when TypedValue then value.to_h
              when Array then value.map { |item| plain(item) }
              when Hash then value.transform_values { |item| plain(item) }
              else value
              end
            end
          end
        end

        """

    private func dryTypes(_ code: CodeModel, _ title: String) -> String {
        var text = """
            # frozen_string_literal: true

            # Types of \(title). Written by tasker-ctl generate types.

            require 'dry-struct'
            require 'dry-types'

            module GeneratedTypes
              include Dry.Types()
            end

            """
        for declaration in code.declarations {
            text += "\n"
            switch declaration {
            case .alias(let name, let type): text += "\(name) = \(dryType(type))\n"
            case .enumeration(let enumeration):
                let values = enumeration.values.map(StringLiterals.ruby).joined(separator: ", ")
                text += "\(enumeration.name) = GeneratedTypes::Strict::String.enum(\(values))\n"
            case .model(let model):
                text += dryModel(model)
            }
        }
        return text
    }

    private func dryModel(_ model: CodeModel.Model) -> String {
        let fields = Array(zip(model.fields, identifiers(model.fields.map(\.jsonName)) { $0.snake }))
        let mapped = fields.filter { $0.0.jsonName != $0.1 }
        var text = "class \(model.name) < Dry::Struct\n"
        if mapped.isEmpty {
            text += "  transform_keys(&:to_sym)\n"
        } else {
            text += "  # Names of the JSON that are none of Ruby's.\n  KEYS = {\n"
            text += mapped.map { "    \(StringLiterals.ruby($0.0.jsonName)) => :\($0.1)" }.joined(separator: ",\n")
            text += "\n  }.freeze\n\n  transform_keys { |key| KEYS.fetch(key.to_s, key).to_sym }\n"
        }
        text += "\n  class << self\n    alias parse new\n  end\n\n"
        for (field, name) in fields {
            let method = field.isRequired ? "attribute" : "attribute?"
            text += "  \(method) :\(name), \(dryType(field.type))\(field.isRequired ? "" : ".optional")\n"
        }
        if !mapped.isEmpty {
            text += "\n  # With the names of the JSON.\n  def to_h\n"
            text += "    super.transform_keys { |key| KEYS.key(key)&.to_sym || key }\n  end\n"
        }
        return text + "end\n"
    }

    private func dryType(_ type: CodeModel.TypeRef) -> String {
        switch type {
        case .string: "GeneratedTypes::Strict::String"
        case .integer: "GeneratedTypes::Strict::Integer"
        case .number: "(GeneratedTypes::Strict::Float | GeneratedTypes::Strict::Integer)"
        case .boolean: "GeneratedTypes::Strict::Bool"
        case .any: "GeneratedTypes::Any"
        case .model(let name), .enumeration(let name): name
        case .list(let inner): "GeneratedTypes::Strict::Array.of(\(dryType(inner)))"
        case .map(let inner): "GeneratedTypes::Strict::Hash.map(GeneratedTypes::Coercible::String, \(dryType(inner)))"
        }
    }

    // MARK: - Handlers

    func handlers(_ plan: HandlerPlan, base: String) -> String {
        var text = "# frozen_string_literal: true\n\nrequire 'tasker_core'\nrequire_relative '\(base)_types'\n"
        for handler in plan.handlers {
            let kinds = Set(handler.methods.map(\.step.type))
            text += "\n# Serves \(handler.methods.map(\.step.name).joined(separator: ", ")).\n"
            text += "class \(handler.className) < TaskerCore::StepHandler::Base\n"
            if kinds.contains(.decision) { text += "  include TaskerCore::StepHandler::Mixins::Decision\n" }
            if kinds.contains(.batchable) || kinds.contains(.batchWorker) {
                text += "  include TaskerCore::StepHandler::Mixins::Batchable\n"
            }
            text +=
                "  VERSION = '1.0.0'\n\n  def handler_name\n    \(StringLiterals.ruby(handler.handlerName))\n  end\n"
            if !handler.methods.contains(where: { $0.name == nil }) {
                let first = identifier(handler.methods[0].name ?? "call") { $0.snake }
                text += "\n  def call(context)\n    \(first)(context)\n  end\n"
            }
            for method in handler.methods {
                let name = method.name.map { identifier($0) { $0.snake } } ?? "call"
                text += "\n  def \(name)(context)\n\(body(method, plan))  end\n"
            }
            text += "end\n"
        }
        return text
    }

    private func body(_ method: HandlerPlan.Method, _ plan: HandlerPlan) -> String {
        var text = ""
        if method.step.type == .batchWorker {
            text +=
                "    batch = get_batch_context(context)\n    no_op = handle_no_op_worker(batch)\n    return no_op if no_op\n\n"
        }
        text += "    task_input = \(parse(plan.code.input, "context.context", plan))\n"
        var variables = ["task_input"]
        for dependency in method.dependencies {
            let name = identifier(dependency.words.snake + "_result") { $0.snake }
            variables.append(name)
            let step = StringLiterals.ruby(dependency.step)
            if dependency.isBatchWorker {
                text +=
                    "    \(name) = context.get_all_dependency_results(\(StringLiterals.ruby(dependency.step + "_")))\n"
            } else if dependency.isOptional, dependency.model != nil {
                text += "    \(name) = context.get_dependency_result(\(step))\n"
                text += "    \(name) = \(parse(dependency.model, name, plan)) unless \(name).nil?\n"
            } else {
                text += "    \(name) = \(parse(dependency.model, "context.get_dependency_result(\(step))", plan))\n"
            }
        }
        text += "    # Write the step here. What was read above is checked and typed.\n"
        text += read(variables) + "\n"
        switch method.step.type {
        case .decision:
            let steps = JSONValue.array(method.branches.map { .string($0) })
            text += ending("decision_success(steps: ", steps, named: "chosen")
        case .batchable:
            text +=
                "    total = context.get_input_or('total_items', 0).to_i\n    return no_batches_outcome(reason: 'empty_dataset') if total.zero?\n\n"
            text += "    create_batches_outcome(cursor_configs: create_cursor_ranges(total, 100), total_items: total)\n"
        case .batchWorker:
            text += ending("batch_worker_success(batch, result: ", wrapped(method.sample), named: "outcome")
        case .standard, .deferredConvergence:
            if let model = method.resultModel, plan.code.model(model) != nil {
                text += assign("    ", "result", "\(model).parse", method.sample) + "    success(result: result.to_h)\n"
            } else {
                text += ending("success(result: ", wrapped(method.sample), named: "outcome")
            }
        }
        return text
    }

    private func read(_ variables: [String]) -> String {
        let line =
            "    logger&.debug(\"#{handler_name}: #{[\(variables.joined(separator: ", "))].compact.size} values\")\n"
        if line.count <= 121 { return line }
        return "    given = [\n" + variables.map { "      \($0)" }.joined(separator: ",\n")
            + "\n    ]\n    logger&.debug(\"#{handler_name}: #{given.compact.size} values\")\n"
    }

    /// The last line of a method; a value that does not fit there gets a name before it.
    private func ending(_ left: String, _ value: JSONValue, named name: String) -> String {
        let line = "    \(left)\(Self.literals.oneLine(value)))\n"
        if line.count <= 121 { return line }
        return "    \(name) = \(literal(value, indent: 4, used: 120))\n\n    \(left)\(name))\n"
    }

    private func assign(_ pad: String, _ name: String, _ function: String, _ value: JSONValue) -> String {
        let line = "\(pad)\(name) = \(function)(\(Self.literals.oneLine(value)))\n"
        if line.count <= 121 { return line }
        let lines = literal(value, indent: pad.count + 2, used: 120)
        return "\(pad)\(name) = \(function)(\n\(pad)  \(lines)\n\(pad))\n"
    }

    private func parse(_ name: String?, _ value: String, _ plan: HandlerPlan) -> String {
        guard let name, plan.code.model(name) != nil else { return value }
        return "\(name).parse(\(value))"
    }

    private func wrapped(_ sample: JSONValue) -> JSONValue {
        if case .object = sample { sample } else { ["value": sample] }
    }

    private static let literals = LiteralLayout(
        step: 2, object: ("{ ", " }", "{}"), hasLastComma: false, key: { StringLiterals.ruby($0) + " => " },
        scalar: { value in
            switch value {
            case .null: "nil"
            case .string(let text): StringLiterals.ruby(text)
            default: value.canonicalText
            }
        }, words: words)

    /// Several plain words are written without quotes.
    @Sendable private static func words(_ values: [JSONValue]) -> LiteralLayout.List? {
        let texts = values.compactMap(\.stringValue)
        guard texts.count == values.count, texts.count > 1 else { return nil }
        let isPlain = texts.allSatisfy { text in
            !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        }
        return isPlain ? LiteralLayout.List(open: "%w[", items: texts, separator: " ") : nil
    }

    private func literal(_ value: JSONValue, indent: Int = 0, used: Int = 0) -> String {
        Self.literals.text(value, indent: indent, used: used)
    }

    // MARK: - Tests and program

    func tests(_ plan: HandlerPlan, base: String) -> String {
        let broken = plan.code.input.flatMap(plan.code.model).flatMap { SampleValue.broken($0, plan.inputSample) }
        var text = """
            # frozen_string_literal: true

            require_relative '../\(base)_handlers'

            RSpec.describe \(StringLiterals.ruby("\(plan.template.namespace)/\(plan.template.name)")) do
              def context(input, dependencies: {}, inputs: {})
                results = dependencies.transform_values { |value| { status: 'completed', result: value } }
                TaskerCore::Types::StepContext.new(
                  {
                    task: { task: { context: input } },
                    workflow_step: { name: 'step', attempts: 0, max_attempts: 3, inputs: inputs },
                    dependency_results: results,
                    step_definition: { name: 'step', handler: { callable: 'handler', initialization: {} } }
                  }
                )
              end

            \(input(plan.inputSample))

            """
        for handler in plan.handlers {
            for method in handler.methods {
                let name = method.name.map { identifier($0) { $0.snake } } ?? "call"
                text += "\n  it \(StringLiterals.ruby("completes \(method.step.name)")) do\n"
                text += given(method, input: nil)
                text += "    result = \(handler.className).new.\(name)(given)\n\n"
                text += "    expect(result.success?).to be(true)\n  end\n"
                if let broken, method.name == nil {
                    text += "\n  it \(StringLiterals.ruby("refuses wrong input of \(method.step.name)")) do\n"
                    text += given(method, input: broken) + "\n"
                    text += "    expect { \(handler.className).new.\(name)(given) }.to raise_error(TypeError)\n  end\n"
                }
            }
        }
        return text + "end\n"
    }

    private func input(_ sample: JSONValue) -> String {
        let line = "  let(:input) { \(Self.literals.oneLine(sample)) }"
        if line.count <= 120 { return line }
        return "  let(:input) do\n    \(literal(sample, indent: 4, used: 120))\n  end"
    }

    /// - Parameter input: nil for the one that fits.
    private func given(_ method: HandlerPlan.Method, input: JSONValue?) -> String {
        var arguments: [(key: String, name: String, value: JSONValue)] = []
        if let input { arguments.append(("", "wrong", input)) }
        var steps: [String: JSONValue] = [:]
        for dependency in method.dependencies {
            steps[dependency.isBatchWorker ? dependency.step + "_001" : dependency.step] = dependency.sample
        }
        if !steps.isEmpty { arguments.append(("dependencies: ", "results", .object(steps))) }
        if method.step.type == .batchWorker { arguments.append(("inputs: ", "batch", PythonEmitter.batchInputs)) }
        func line(_ value: ((key: String, name: String, value: JSONValue)) -> String) -> String {
            let texts = (input == nil ? ["input"] : []) + arguments.map { $0.key + value($0) }
            return "    given = context(\(texts.joined(separator: ", ")))\n"
        }
        let short = line { Self.literals.oneLine($0.value) }
        if short.count <= 121 { return short }
        let values = arguments.map { argument in
            "    \(argument.name) = \(literal(argument.value, indent: 4, used: argument.name.count + 7))\n"
        }
        return values.joined() + line { $0.name }
    }

    func program(_ plan: HandlerPlan, base: String) -> FileSet {
        var files = FileSet()
        files.add(
            "\(base)_worker.rb",
            """
            # frozen_string_literal: true

            # Serves the steps of \(plan.template.namespace)/\(plan.template.name): ruby \(base)_worker.rb

            ENV['TASKER_NAMESPACE'] ||= \(StringLiterals.ruby(plan.template.namespace))
            handlers = File.expand_path('\(base)_handlers.rb', __dir__)
            exec('tasker-worker-ruby', '-r', handlers, *ARGV)

            """)
        return files
    }

    func next(_ plan: HandlerPlan, base: String) -> String {
        "Test it:  rspec\nServe it: ruby \(base)_worker.rb"
    }
}
