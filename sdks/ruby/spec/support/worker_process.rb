# frozen_string_literal: true

# A worker in a process of its own, with its output collected.
class WorkerProcess
  ROOT = File.expand_path('../..', __dir__)
  HANDLERS = File.join(ROOT, 'spec/support/worker_handlers.rb')

  # Settings of the caller left out.
  def self.environment(more = {})
    ENV.keys.grep(/\A(TASKER_|RABBITMQ_)/).to_h { |name| [name, nil] }.merge('HOSTNAME' => 'test-host').merge(more)
  end

  attr_reader :pid

  def initialize(*arguments, environment: {}, path: HANDLERS)
    @output, pipe = IO.pipe
    require_arguments = path ? ['-r', path] : []
    @pid = Process.spawn(self.class.environment(environment), RbConfig.ruby, File.join(ROOT, 'exe/tasker-worker'),
                         *require_arguments, *arguments, in: File::NULL, out: pipe, err: pipe, pgroup: true)
    pipe.close
    @lines = []
    @reader = Thread.new { @output.each_line { |line| @lines << line } }
  end

  def output = @lines.join
  def signal(name) = Process.kill(name, pid)

  # Until the output holds +text+ that many times.
  def wait_for(text, count: 1, timeout: 30)
    Waiting.eventually("#{text.inspect} in the worker's output", timeout: timeout, describe: -> { output }) do
      next true if output.scan(text).size >= count
      raise "the worker ended with #{@status}:\n#{output}" if ended?

      false
    end
  end

  def wait_ready = wait_for('ready: worker')

  # The exit code (or -signal).
  def wait(timeout: 60)
    Waiting.eventually('the end of the worker', timeout: timeout, describe: -> { output }) { ended? }
    @reader.join(5)
    @status.exitstatus || -@status.termsig
  end

  def close
    signal(:KILL) unless ended?
    wait
    @output.close
  end

  private

  def ended?
    return true if @status

    _, @status = Process.wait2(pid, Process::WNOHANG)
    !@status.nil?
  end
end
