# frozen_string_literal: true

require 'tasker_core/registry'

module TaskerCore
  # Loads the example handlers of an application's +spec/handlers+ in test mode.
  module TestEnvironment
    PATTERNS = %w[**/*_handler.rb **/*_subscriber.rb].freeze

    class << self
      # In test mode unless +TASKER_SKIP_EXAMPLE_HANDLERS+ is true, and whenever +TASKER_FORCE_EXAMPLE_HANDLERS+ is.
      def wanted?
        return true if ENV['TASKER_FORCE_EXAMPLE_HANDLERS'] == 'true'
        return false if ENV['TASKER_SKIP_EXAMPLE_HANDLERS'] == 'true'

        [ENV.fetch('TASKER_ENV', nil), ENV.fetch('RAILS_ENV', nil)].include?('test')
      end

      # Load the files once and register what they define. Gives their paths.
      def load!(root = Dir.pwd)
        return @files if loaded?

        directory = File.join(root, 'spec/handlers')
        @files = PATTERNS.flat_map { |pattern| Dir.glob(File.join(directory, pattern)) }
        @files.each { |file| require file }
        Registry::HandlerRegistry.instance.register_loaded_classes
        DomainEvents::BaseSubscriber.subclasses.each do |klass|
          DomainEvents::SubscriberRegistry.instance.register(klass) if klass.name
        end
        @files
      end

      def loaded? = !@files.nil?
      def handler_names = loaded? ? Registry::HandlerRegistry.instance.registered_handlers : []
      def info = { wanted: wanted?, loaded: loaded?, files: @files || [], handler_names: }

      # Forget that files were loaded (for tests).
      def reset!
        @files = nil
      end
    end
  end
end
