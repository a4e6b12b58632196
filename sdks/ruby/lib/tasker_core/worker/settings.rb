# frozen_string_literal: true

require 'socket'
require 'tasker_core/errors'
require 'tasker_core/logger'
require 'tasker_core/wire/names'
require 'tasker_core/worker/amqp/address'

module TaskerCore
  module Worker
    # Settings are wrong; the message lists all of them with the remedy.
    class SettingsError < Errors::ConfigurationError; end

    # Checked settings of a worker. +grace_seconds+ is what running handlers get when the worker is told to stop.
    class Settings
      DEFAULT_URL = 'amqp://guest:guest@localhost:5672/%2F'
      DEFAULT_SLOTS = 10
      DEFAULT_GRACE_SECONDS = 30.0
      MOST_SLOTS = 65_535 # basic.qos carries 16 bits
      MEMBERS = %i[amqp_url queue_prefix queue_type namespaces queues slots grace_seconds worker_id hostname any_handler
                   log_level].freeze

      attr_reader(*MEMBERS)

      # From flags, then +TASKER_*+, then defaults. Raises SettingsError that lists everything to correct.
      def self.read(environment = ENV, **flags) = SettingsReader.new(environment, flags).read

      def initialize(**members)
        MEMBERS.each { |name| instance_variable_set("@#{name}", members.fetch(name)) }
        freeze
      end

      def topology = Wire::Topology.new(queue_prefix, queue_type)
      def address = Amqp::Address.new(amqp_url)

      # The broker's address without the password.
      def shown_url = address.to_s
    end

    # Combines and checks.
    class SettingsReader
      def initialize(environment, flags)
        @environment = environment
        @flags = flags
        @problems = []
      end

      def read
        prefix = setting('TASKER_QUEUE_PREFIX') || 'tasker'
        check(Wire::Topology.prefix?(prefix),
              "TASKER_QUEUE_PREFIX is '#{prefix}': use a lower-case letter, then up to 31 of a-z 0-9 _ -")
        type = setting('TASKER_QUEUE_TYPE') || 'quorum'
        check(%w[quorum classic].include?(type), "TASKER_QUEUE_TYPE is '#{type}': use 'quorum' or 'classic'")
        namespaces = read_namespaces
        members = {
          amqp_url: read_url, queue_prefix: prefix, queue_type: type, namespaces:,
          queues: read_queues(namespaces), slots: read_slots, grace_seconds: read_grace,
          worker_id: presence(@flags[:worker_id]), hostname: setting('HOSTNAME') || Socket.gethostname,
          any_handler: @flags[:any_handler] ? true : false, log_level: read_level
        }
        raise SettingsError, @problems.join("\n") if @problems.any?

        Settings.new(**members)
      end

      private

      def presence(text) = text.to_s.empty? ? nil : text
      def setting(*names) = names.lazy.filter_map { |name| presence(@environment[name]) }.first
      def split(text) = text.to_s.split(',').map(&:strip).reject(&:empty?)
      def list(values) = Array(values).flat_map { |value| split(value) }

      def check(condition, problem)
        @problems << problem unless condition
      end

      def read_url
        url = presence(@flags[:amqp_url]) || setting('TASKER_AMQP_URL', 'RABBITMQ_URL') || Settings::DEFAULT_URL
        address = Amqp::Address.new(url)
        address.trust.check if address.tls?
        url
      rescue ArgumentError => e
        check(false, "the AMQP URL cannot be used: #{e.message}; write amqp://user:password@host:5672/vhost (or " \
                     'amqps://...) in --amqp or TASKER_AMQP_URL')
        url
      rescue Amqp::TrustError => e
        check(false, "#{e.message}; correct the AMQP URL in --amqp or TASKER_AMQP_URL")
        url
      end

      def read_namespaces
        found = list(@flags[:namespaces]) + split(setting('TASKER_NAMESPACE')) + Array(@flags[:template_namespaces])
        found.empty? ? ['default'] : found.uniq
      end

      def read_queues(namespaces)
        queues = list(@flags[:queues]).uniq
        queues = split(setting('TASKER_QUEUE')).uniq if queues.empty?
        if queues.empty?
          check(namespaces.size == 1, "several namespaces (#{namespaces.join(', ')}) and no queue: name the queue of " \
                                      'this fleet with --queue or TASKER_QUEUE')
          queues = namespaces.first(1)
        end
        queues.each do |queue|
          check(Wire::Topology.queue_name?(queue),
                "queue '#{queue}' is not usable: 1-128 characters of A-Z a-z 0-9 _ . : @ / # -")
        end
        queues
      end

      def read_slots
        text = presence(@flags[:slots]) || setting('TASKER_SLOTS', 'TASKER_MAX_CONCURRENT_HANDLERS') ||
               Settings::DEFAULT_SLOTS
        number = Integer(text.to_s, 10, exception: false)
        check(number && (1..Settings::MOST_SLOTS).cover?(number),
              "slots (--slots, TASKER_SLOTS) is '#{text}': use a whole number from 1 to #{Settings::MOST_SLOTS}")
        number
      end

      def read_grace
        text = @flags[:grace_seconds] || setting('TASKER_GRACE_SECONDS') || Settings::DEFAULT_GRACE_SECONDS
        number = Float(text.to_s, exception: false)
        check(number&.finite? && (0..86_400).cover?(number),
              "TASKER_GRACE_SECONDS is '#{text}': use a number from 0 to 86400")
        number
      end

      def read_level
        rust = setting('RUST_LOG')
        rust = nil unless TaskerCore::Logger::LEVELS.key?(rust.to_s.downcase)
        level = (presence(@flags[:log_level]) || setting('TASKER_LOG_LEVEL') || rust || 'info').downcase
        check(TaskerCore::Logger::LEVELS.key?(level),
              "log level '#{level}' is unknown: use #{TaskerCore::Logger::LEVELS.keys.join(', ')}")
        level
      end
    end
  end
end
