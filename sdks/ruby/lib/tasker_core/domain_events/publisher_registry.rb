# frozen_string_literal: true

require 'tasker_core/domain_events/base_publisher'
require 'tasker_core/errors'

module TaskerCore
  module DomainEvents
    # Publishes what the handler returned.
    class DefaultPublisher < BasePublisher
      def name = 'default'
    end

    # The publishers of this process by name.
    class PublisherRegistry
      # A publisher that is required is missing.
      class ValidationError < Errors::ConfigurationError; end

      # There is no publisher of that name.
      class PublisherNotFoundError < Errors::ConfigurationError; end

      # The registry was frozen.
      class RegistryFrozenError < Errors::ConfigurationError; end

      # The name is taken.
      class DuplicatePublisherError < Errors::ConfigurationError; end

      def self.instance = @instance ||= new

      def initialize
        @mutex = Mutex.new
        reset!
      end

      # Raises DuplicatePublisherError and RegistryFrozenError.
      def register(publisher)
        refuse_when_frozen
        @mutex.synchronize do
          name = publisher.name.to_s
          raise DuplicatePublisherError, "there is a publisher #{name} already" if @publishers.key?(name)

          @publishers[name] = publisher
        end
      end

      def get(name) = @mutex.synchronize { @publishers[name.to_s] }
      def get_or_default(name) = get(name) || @default

      # Raises PublisherNotFoundError.
      def get_strict(name)
        get(name) || raise(PublisherNotFoundError,
                           "there is no publisher #{name}; known: #{registered_names.join(', ')}")
      end

      def registered?(name) = !get(name).nil?
      def registered_names = @mutex.synchronize { @publishers.keys.sort }
      def count = @mutex.synchronize { @publishers.size }
      def empty? = count.zero?

      def unregister(name)
        refuse_when_frozen
        @mutex.synchronize { @publishers.delete(name.to_s) }
      end

      def clear
        refuse_when_frozen
        @mutex.synchronize { @publishers.clear }
      end

      # Raises ValidationError for names that are not registered, else freezes the registry.
      def validate_required!(names)
        missing = names.map(&:to_s).reject { |name| registered?(name) }
        raise ValidationError, "publishers are missing: #{missing.join(', ')}" if missing.any?

        freeze!
        true
      end

      def frozen? = @closed

      def freeze!
        @closed = true
      end

      # Empty and open again (for tests).
      def reset!
        @mutex.synchronize do
          @publishers = {}
          @default = DefaultPublisher.new
          @closed = false
        end
      end

      private

      def refuse_when_frozen
        raise RegistryFrozenError, 'the registry of publishers is frozen' if frozen?
      end
    end
  end
end
