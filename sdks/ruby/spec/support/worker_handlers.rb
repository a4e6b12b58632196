# frozen_string_literal: true

# Handlers of the integration tests. A worker process loads this file; in the tests' own process it defines nothing.
if $PROGRAM_NAME.end_with?('tasker-worker')
  # Leaves traces that survive the process: one line per event in the file of the step.
  module Notes
    def note(context, what)
      folder = context.get_input('notes')
      File.open(File.join(folder, context.step_uuid), 'a') { |file| file.puts("#{what} #{Process.pid}") } if folder
    end
  end

  class Echo < TaskerCore::StepHandler::Base
    include Notes
    VERSION = '1.2.3'

    def call(context)
      note(context, 'start')
      puts 'a handler may print'
      Enumerator.new { |lines| lines << logger.info('a handler may log', step: 'its own', n: 1) }.next
      { echo: context.context, from: context.dependency_results.keys.sort }
    end

    def twice(context) = { twice: context.get_input('n') * 2 }
  end

  # Runs until the file +gate+ exists, or until it sees that it is cancelled when it is +polite+.
  class Gate < TaskerCore::StepHandler::Base
    include Notes

    def call(context)
      note(context, 'start')
      until File.exist?(context.get_input('gate'))
        context.raise_if_cancelled! if context.get_input('polite')
        sleep(0.01)
      end
      note(context, 'end')
      { passed: true }
    end
  end

  class Crash < TaskerCore::StepHandler::Base
    include Notes

    def call(context)
      note(context, 'start')
      exit!(3)
    end
  end

  class Refuse < TaskerCore::StepHandler::Base
    def call(_context)
      raise TaskerCore::Errors::PermanentError.new('order 7 has no items', error_code: 'EMPTY_ORDER')
    end
  end

  # Computes without a pause.
  class Busy < TaskerCore::StepHandler::Base
    def call(context)
      stop = Process.clock_gettime(Process::CLOCK_MONOTONIC) + context.get_input('seconds')
      count = 0
      count += (0..200).sum while Process.clock_gettime(Process::CLOCK_MONOTONIC) < stop
      { count: count }
    end
  end

  class Large < TaskerCore::StepHandler::Base
    def call(context) = { data: context.get_input('text') * context.get_input('times') }
  end

  class Leaves < TaskerCore::StepHandler::Base
    def call(context)
      case context.get_input('how')
      when 'exit' then exit(3)
      when 'thread' then Thread.exit
      when 'never' then sleep
      when 'fork'
        fork or return { from: 'child' }
        { from: 'parent' }
      end
    end
  end

  # Tells which events arrived in this process.
  class Listener < TaskerCore::DomainEvents::BaseSubscriber
    subscribes_to 'order.*'

    def handle(event) = warn("heard #{event[:event_name]} #{event[:payload].to_h}")
  end
  TaskerCore::DomainEvents::SubscriberRegistry.instance.register(Listener)
end
