# frozen_string_literal: true

require 'tasker_core/wire/execute'
require 'tasker_core/wire/outgoing'
require 'tasker_core/worker/amqp_worker'
require 'tasker_core/worker/step_runner'

module TaskerCore
  module Worker
    # The same messages over standard input and output: one JSON object per line, one step at a time.
    class StdioWorker
      FIRST_HEARTBEAT = 1.0

      # SIGTERM came while the worker waited for a line.
      class Stopped < Exception; end # rubocop:disable Lint/InheritException

      # Move file descriptor 1 out of the way: what a handler or a child of it prints goes to stderr.
      def self.claim_stdout
        $stdout.flush
        out = $stdout.dup
        out.binmode
        out.sync = true
        out.close_on_exec = true
        $stdout.reopen($stderr)
        $stdout.sync = true
        out
      end

      # Move file descriptor 0 out of the way: a handler, or a child of it like ssh, reads nothing instead of the next
      # step's line.
      def self.claim_stdin
        source = $stdin.dup
        source.close_on_exec = true
        $stdin.reopen(File::NULL)
        source
      end

      def initialize(settings, registry, source, out)
        identity = Wire::WorkerIdentity.new(id: AmqpWorker.new_id(settings.worker_id), sdk: AmqpWorker::SDK,
                                            hostname: settings.hostname)
        @writer = Wire::MessageWriter.new(identity)
        @slots = SlotThreads.new(1, StepRunner.new(registry, @writer)) { |job, answer| job.answers << answer }
        @source = source
        @out = out
      end

      # Serve until the input ends; 0 then, and also when the reader of the output has gone.
      def run
        previous = %w[TERM INT].to_h { |name| [name, trap(name) { stop(name) }] }
        DomainEvents::SubscriberRegistry.instance.start_all!
        until @stopping
          line = read_line
          break if line.nil?

          serve(line) unless line.strip.empty?
        end
        0
      rescue Errno::EPIPE
        0
      ensure
        InProcessDomainEventPoller.instance.stop!
        previous&.each { |name, handler| trap(name, handler || 'DEFAULT') }
      end

      private

      # What SlotThreads and the runner need of a job.
      Step = Struct.new(:message, :control, :answers)
      private_constant :Step

      def read_line
        @reading = true
        @stopping ? nil : @source.gets
      rescue Stopped
        nil
      ensure
        @reading = false
      end

      # The host cancels the running step with SIGTERM; between two steps it ends the process.
      def stop(name)
        exit!(128 + Signal.list.fetch(name)) if @stopping
        @stopping = true
        control = @control
        # A lock cannot be taken inside a trap.
        Thread.new { control.request_stop('cancelled') } if control
        Thread.main.raise(Stopped) if @reading
      end

      def serve(line)
        message = Wire::Execute.parse(line)
        step = Step.new(message, @control = RunControl.new, Mailbox.new)
        @slots.start(step)
        answer = wait(step)
        write(answer.body)
        answer.fast_events.each { |event| InProcessDomainEventPoller.instance.push(event) }
      rescue Wire::Unreadable => e
        warn("unreadable line (#{e.error_type}): #{e.message}")
        id = Wire::Execute.uuid?(e.dispatch_id) ? e.dispatch_id : nil
        write(@writer.invalid(id, e.error_type, e.message, Time.now.to_f))
      ensure
        @control = nil
      end

      def wait(step)
        started = now
        beat_at = started + FIRST_HEARTBEAT
        stop_at = step.message.timeout ? started + step.message.timeout : Float::INFINITY
        sequence = 0
        until (answer = step.answers.pop([[beat_at, stop_at].min - now, 0].max))
          if now >= stop_at
            stop_at = Float::INFINITY
            step.control.request_stop('timeout')
          end
          next if now < beat_at

          beat_at = now + step.message.heartbeat_interval
          write(heartbeat(step, sequence += 1))
        end
        answer
      end

      def heartbeat(step, sequence)
        @writer.heartbeat(step.message, started_at: Wire.timestamp(step.control.started_wall), sequence:,
                                        detached: false, progress: step.control.progress)
      end

      def write(body) = @out.write("#{body}\n")
      def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end
  end
end
