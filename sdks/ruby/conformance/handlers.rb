# frozen_string_literal: true

# The contract handlers of protocol/conformance/handlers.json.
require 'tasker_core'

# Registers them under their exact names.
module Conformance
  SH = TaskerCore::StepHandler
  Errors = TaskerCore::Errors

  def self.trace(context)
    path = context.get_input('trace')
    File.open(path, 'a') { |file| file.puts("start #{Process.pid}") } if path
  end

  class Echo < SH::Base
    def call(context)
      Conformance.trace(context)
      { 'context' => context.context, 'inputs' => context.step_inputs, 'config' => context.step_config,
        'dependencies' => context.dependency_results.keys.to_h { |name| [name, context.get_dependency_result(name)] },
        'retry_count' => context.retry_count, 'max_retries' => context.max_retries,
        'is_retry' => context.is_retry?, 'is_last_retry' => context.is_last_retry?, 'checkpoint' => context.checkpoint }
    end
  end

  class Add < SH::Base
    def call(context)
      sums = context.get_all_dependency_results('').grep(Hash).filter_map { |result| result['sum'] }
      { 'sum' => context.get_input('a') + context.get_input('b') + sums.sum }
    end
  end

  class FailRetryable < SH::Base
    def call(context)
      raise Errors::RetryableError, context.get_input_or('message', 'try again') * context.get_input_or('times', 1)
    end
  end

  class FailPermanent < SH::Base
    def call(context)
      raise Errors::PermanentError, context.get_input_or('message', 'never again')
    end
  end

  class FailReturned < SH::Base
    def call(context)
      failure(message: context.get_input('message'), error_type: context.get_input('error_type'),
              error_code: context.get_input('error_code'), retryable: context.get_input('retryable'),
              metadata: context.get_input_or('metadata', {}).to_h)
    end
  end

  class Raise < SH::Base
    def call(context)
      raise ArgumentError, context.get_input('message')
    end
  end

  class RetryAfter < SH::Base
    def call(context)
      raise Errors::RetryableError.new('come back later', retry_after: context.get_input('seconds'))
    end
  end

  class Slow < SH::Base
    def call(context)
      Conformance.trace(context)
      context.report_progress(done: 1, total: 2, message: 'half') if context.get_input('progress')
      gate = context.get_input('gate')
      until_then = now + (context.get_input_or('milliseconds', 0) / 1000.0)
      until gate ? File.exist?(gate) : now >= until_then
        context.raise_if_cancelled! if context.get_input('polite')
        context.get_input('compute') ? compute : sleep(0.01)
      end
      { 'finished' => true, 'cancelled' => context.cancelled? }
    end

    private

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def compute
      until_then = now + 0.01
      nil while now < until_then
    end
  end

  class Checkpoint < SH::Batchable
    def call(context)
      total = context.get_input('total')
      from = context.checkpoint_cursor || 0
      upto = [from + context.get_input('portion'), total].min
      sum = ((context.accumulated_results || {})['sum'] || 0) + (from...upto).sum
      return { 'sum' => sum, 'items_processed' => total } if upto >= total

      pad = context.get_input('pad')
      carried = { 'sum' => sum }
      carried['pad'] = 'x' * pad if pad
      checkpoint_yield(cursor: upto, items_processed: upto, accumulated_results: carried)
    end
  end

  class Decision < SH::Decision
    def call(context)
      steps = context.get_input('steps')
      return skip_branches(reason: 'nothing to choose') if steps.nil?

      decision_success(steps:, routing_context: { 'chosen' => steps.size })
    end
  end

  class Batch < SH::Batchable
    def call(context)
      batch_analyzer_success(create_batch_outcome(total_items: context.get_input('total'),
                                                  batch_size: context.get_input('size')))
    end
  end

  class BatchWorker < SH::Batchable
    def call(context)
      batch = get_batch_context(context)
      handle_no_op_worker(batch) ||
        batch_worker_success(batch, result: { 'batch_id' => batch.batch_id,
                                              'rows' => batch.end_cursor - batch.start_cursor })
    end
  end

  class BigResult < SH::Base
    def call(context) = { 'data' => context.get_input_or('text', 'x') * context.get_input('times') }
  end

  class Unserializable < SH::Base
    def call(context) = { 'value' => make(context.get_input('kind')) }

    private

    def make(kind)
      case kind
      when 'nan' then Float::NAN
      when 'infinity' then Float::INFINITY
      when 'big_integer' then 2**64
      when 'lone_surrogate' then "\xED\xA0\x80"
      when 'nul' then "\u0000"
      when 'deep' then 70.times.reduce([]) { |inner, _| [inner] }
      when 'cycle' then {}.tap { |hash| hash['self'] = hash }
      when 'object' then $stderr
      end
    end
  end

  class Methods < SH::Base
    def call(_context) = { 'method' => 'call' }
    def other(_context) = { 'method' => 'other' }
  end

  class Print < SH::Base
    def call(context)
      text = context.get_input('text')
      puts text
      $stdout.write("#{text}\n")
      $stdout.flush
      IO.for_fd(1, autoclose: false).syswrite("#{text}\n")
      system('sh', '-c', 'printf "%s\n" "$1"', 'sh', text)
      { 'printed' => text }
    end
  end

  class Event < SH::Base
    def call(context) = %w[amount suppress pad].to_h { |key| [key, context.get_input(key)] }
  end

  class EventPublisher < TaskerCore::DomainEvents::BasePublisher
    def name = 'conformance.publisher'

    def should_publish?(step_result, _declaration, _context = nil) = step_result[:result]['suppress'] != true

    def transform_payload(step_result, _declaration, _context = nil)
      result = step_result[:result]
      payload = { 'amount' => result['amount'], 'made_by' => name }
      payload['pad'] = 'x' * result['pad'] if result['pad'].is_a?(Integer)
      payload
    end
  end

  class Exit < SH::Base
    def call(_context)
      exit(3)
    end
  end

  class Crash < SH::Base
    def call(context)
      Conformance.trace(context)
      Process.kill(:KILL, Process.pid)
      sleep
    end
  end

  HANDLERS = [Echo, Add, FailRetryable, FailPermanent, FailReturned, Raise, RetryAfter, Slow, Checkpoint, Decision,
              Batch, BatchWorker, BigResult, Unserializable, Methods, Print, Event, Exit, Crash].freeze

  def self.register(registry = TaskerCore::Registry::HandlerRegistry.instance)
    HANDLERS.each do |handler|
      name = TaskerCore::Naming.underscore(handler.name.split('::').last)
      registry.register_handler("conformance.#{name}", handler)
    end
    publishers = TaskerCore::DomainEvents::PublisherRegistry.instance
    publishers.register(EventPublisher.new) unless publishers.registered?('conformance.publisher')
  end

  register
end
