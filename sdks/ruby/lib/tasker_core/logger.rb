# frozen_string_literal: true

require 'json'
require 'logger'

module TaskerCore
  # Log lines on stderr: time, level, text, fields as JSON. Lines that a handler writes say which step they belong to:
  # +task+, +step+, +attempt+ and +trace_id+ are added.
  class Logger
    STEP_FIELDS = :tasker_step_fields
    private_constant :STEP_FIELDS
    LEVELS = { 'trace' => ::Logger::DEBUG, 'debug' => ::Logger::DEBUG, 'info' => ::Logger::INFO,
               'warn' => ::Logger::WARN, 'warning' => ::Logger::WARN, 'error' => ::Logger::ERROR,
               'fatal' => ::Logger::FATAL }.freeze

    class << self
      def instance = @instance ||= new

      # Adds +fields+ to all lines that this thread writes in the block.
      def with_step(fields)
        before = Thread.current.thread_variable_get(STEP_FIELDS)
        Thread.current.thread_variable_set(STEP_FIELDS, fields)
        yield
      ensure
        Thread.current.thread_variable_set(STEP_FIELDS, before)
      end

      # The level of +TASKER_LOG_LEVEL+, or of +RUST_LOG+ when that is one plain word; nil when neither says.
      def environment_level
        [ENV.fetch('TASKER_LOG_LEVEL', nil), plain_word(ENV.fetch('RUST_LOG', nil))]
          .find { |word| !word.to_s.empty? }&.downcase
      end

      private

      def plain_word(text) = LEVELS.key?(text.to_s.downcase) ? text : nil
    end

    def initialize(device = $stderr, level: nil)
      @logger = ::Logger.new(device)
      @logger.formatter = proc do |severity, time, _, message|
        "#{time.getutc.strftime('%Y-%m-%dT%H:%M:%S.%LZ')} #{severity} #{message}\n"
      end
      self.level = level || self.class.environment_level || 'info'
    end

    # Write to another device, $stderr say.
    def reopen(device) = @logger.reopen(device)

    def level = LEVELS.key(@logger.level) || 'info'

    def level=(level)
      @logger.level = level.is_a?(Integer) ? level : LEVELS.fetch(level.to_s.downcase, ::Logger::INFO)
    end

    %i[debug info warn error fatal].each do |severity|
      define_method(severity) do |message = nil, **fields, &block|
        @logger.public_send(severity) { with_fields(message || block&.call, fields) }
      end
    end

    # One line about a part of the system: <tt>log_step(:info, 'started', step_uuid: uuid)</tt>.
    %w[task step queue_worker orchestrator config registry].each do |component|
      define_method("log_#{component}") do |level, operation, **data|
        public_send(level, "#{component}: #{operation}", **data)
      end
    end

    private

    def with_fields(message, fields)
      # A thread variable, not a fiber's: a handler may log inside an Enumerator.
      step = Thread.current.thread_variable_get(STEP_FIELDS)
      fields = fields.merge(step) { |_, own, _| own } if step
      fields.empty? ? message.to_s : "#{message} #{JSON.generate(fields)}"
    end
  end

  # Log lines with fields.
  module Tracing
    %i[error warn info debug].each do |level|
      define_singleton_method(level) do |message, fields = {}|
        Logger.instance.public_send(level, message, **symbols(fields))
      end
    end

    def self.trace(message, fields = {}) = debug(message, fields)
    def self.symbols(fields) = fields.to_h.transform_keys(&:to_sym)
    private_class_method :symbols
  end
end
