# frozen_string_literal: true

module TaskerCore
  # Value objects of the SDK.
  module Types
    # Attributes that do not fit. With dry-struct loaded, Dry::Struct::Error is raised instead, also a TypeError.
    class StructError < TypeError; end

    def self.refuse(message)
      raise(defined?(::Dry::Struct::Error) ? ::Dry::Struct::Error : StructError, message)
    end

    # A frozen object with named attributes.
    class ValueObject
      # What the macro +attribute+ knows.
      Attribute = Struct.new(:name, :check, :default, :required)

      REQUIRED = Object.new.freeze
      private_constant :REQUIRED

      class << self
        # +check+ is a class, an array of allowed classes or a predicate; +default+ may be a lambda. Nil passes when it
        # is the default.
        def attribute(name, check = nil, default: REQUIRED)
          required = REQUIRED.equal?(default)
          own_attributes << Attribute.new(name, check, required ? nil : default, required)
          attr_reader(name)
        end

        def own_attributes = @own_attributes ||= []

        def attributes
          superclass.respond_to?(:attributes) ? superclass.attributes + own_attributes : own_attributes
        end

        def attribute_names = attributes.map(&:name)

        # From a hash with string or symbol keys; unknown keys are ignored.
        def from_hash(hash)
          names = attribute_names
          new(**hash.to_h.transform_keys(&:to_sym).slice(*names))
        end
      end

      def initialize(**given)
        self.class.attributes.each { |attribute| assign(attribute, given) }
        unless given.empty?
          Types.refuse("#{self.class.name} has no attribute #{given.keys.join(', ')}; known: " \
                       "#{self.class.attribute_names.join(', ')}")
        end
        freeze
      end

      def [](name) = self.class.attribute_names.include?(name.to_sym) ? public_send(name) : nil

      def to_h
        self.class.attribute_names.to_h do |name|
          value = public_send(name)
          [name, value.is_a?(ValueObject) ? value.to_h : value]
        end
      end
      alias to_hash to_h

      def ==(other) = other.instance_of?(self.class) && other.to_h == to_h
      alias eql? ==
      def hash = [self.class, to_h].hash

      # A copy with some attributes replaced.
      def with(**changes) = self.class.new(**to_h, **changes)

      def inspect = "#<#{self.class.name} #{to_h.map { |name, value| "#{name}=#{value.inspect}" }.join(' ')}>"

      private

      def assign(attribute, given)
        name = attribute.name
        Types.refuse("#{self.class.name}: #{name} is missing") if !given.key?(name) && attribute.required
        value = given.key?(name) ? given.delete(name) : default_of(attribute)
        unless fits?(attribute, value)
          Types.refuse("#{self.class.name}: #{name} is #{value.inspect}, expected #{expectation(attribute)}")
        end
        instance_variable_set("@#{name}", value)
      end

      def default_of(attribute) = attribute.default.is_a?(Proc) ? attribute.default.call : attribute.default

      def fits?(attribute, value)
        return true if attribute.check.nil?
        return true if value.nil? && !attribute.required && default_of(attribute).nil?

        case attribute.check
        when Proc then attribute.check.call(value)
        else Array(attribute.check).any? { |type| type === value } # rubocop:disable Style/CaseEquality
        end
      end

      def expectation(attribute) = attribute.check.is_a?(Proc) ? 'another value' : Array(attribute.check).join(' or ')
    end
  end
end
