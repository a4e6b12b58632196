# frozen_string_literal: true

# Waiting for conditions, never for a time.
module Waiting
  module_function

  # The block's first truthy value. Fails when there is none within +timeout+ seconds.
  def eventually(what, timeout: 30, describe: nil)
    deadline = Process.clock_gettime(Process::CLOCK_MONOTONIC) + timeout
    loop do
      value = yield
      return value if value

      if Process.clock_gettime(Process::CLOCK_MONOTONIC) > deadline
        raise "waited #{timeout} s in vain for #{what}\n#{describe&.call}"
      end

      sleep(0.01)
    end
  end
end
