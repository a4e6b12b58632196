# frozen_string_literal: true

module TaskerCore
  module StepHandler
    # What a functional handler's block is called with.
    class BlockArguments
      def initialize(depends_on, inputs)
        @depends_on = depends_on.transform_keys(&:to_sym)
        @inputs = inputs
      end

      # Values of the declared dependencies and inputs, by parameter.
      def from(context)
        values = @depends_on.to_h do |parameter, (step, model)|
          result = context.get_dependency_result(step)
          [parameter, model && result ? build(model, result) : result]
        end
        return values.merge(inputs: build(@inputs, context.context)) if @inputs.is_a?(Module)

        Array(@inputs).each { |key| values[key.to_sym] = context.get_input(key) }
        values
      end

      # Call the block with the arguments it declares; <tt>_name:</tt> gets the value of +name+, <tt>**</tt> gets all.
      def call(block, arguments)
        parameters = block.parameters
        return block.call(**arguments) if parameters.any? { |kind, _| kind == :keyrest }

        wanted = parameters.filter_map { |kind, name| name if %i[key keyreq].include?(kind) }
        given = wanted.each_with_object({}) do |name, chosen|
          plain = name.to_s.delete_prefix('_').to_sym
          source = arguments.key?(name) ? name : plain
          chosen[name] = arguments[source] if arguments.key?(source)
        end
        block.call(**given)
      end

      private

      # Only what the model knows is passed, nils are left out.
      def build(model, values)
        known = attribute_names(model)
        given = values.to_h.transform_keys(&:to_sym)
        given = given.slice(*known) if known
        object = model.new(**given.compact)
        object.validate! if object.respond_to?(:validate!)
        object
      end

      def attribute_names(model)
        return model.attribute_names.map(&:to_sym) if model.respond_to?(:attribute_names)

        model.members.map(&:to_sym) if model.respond_to?(:members)
      end
    end
  end
end
