# frozen_string_literal: true

# The README's commands run as printed, and their output looks as printed.
RSpec.describe 'the commands of README.md' do
  sdk = File.expand_path('../..', __dir__)
  readme = File.read(File.join(sdk, 'README.md'), encoding: 'UTF-8')
  console = readme[/^## Run it\n(.*?)^## /m, 1].scan(/```console\n(.*?)```/m).flatten

  let(:items) { { 'items' => [{ 'price' => 3, 'quantity' => 2 }] } }

  before do
    path = File.join(folder, 'app/handlers')
    FileUtils.mkdir_p(path)
    File.write(File.join(path, 'validate_order_handler.rb'), readme[/```ruby\n(.*?)```/m, 1])
  end

  # As the section "Install" says.
  def environment(sdk, more = {})
    path = [File.join(sdk, 'exe'), ENV.fetch('PATH')].join(File::PATH_SEPARATOR)
    WorkerProcess.environment({ 'RUBYLIB' => File.join(sdk, 'lib'), 'PATH' => path }.merge(more))
  end

  # A line without what differs from run to run.
  def shape(line)
    line.chomp.sub(/\A\S+Z /, 'T ').sub(/worker \S+/, 'worker W').sub(/in \d+ ms/, 'in N ms').sub(/task=\S+/, 'task=U')
        .sub(/ trace_id=\w+/, '')
  end

  it 'work on a broker', :broker do
    desk = make_desk
    command, *printed = console[0].lines
    output = File.join(folder, 'output')
    pid = Process.spawn(environment(sdk, desk.environment), 'sh', '-c', "exec #{command.delete_prefix('$ ')}",
                        chdir: folder, in: File::NULL, %i[out err] => output)
    begin
      eventually('the worker') { File.read(output).include?('ready: worker') }
      desk.send_step(execute('validate_order', items), 'ecommerce')
      expect(desk.result['result']).to eq('total' => 6)
      Process.kill(:TERM, pid)
      expect(Process.wait2(pid).last.exitstatus).to eq(0)
    ensure
      Process.kill(:KILL, pid) rescue nil # rubocop:disable Style/RescueModifier
      desk.delete(desk.names.steps('ecommerce'))
    end
    seen = File.readlines(output).map { |line| shape(line) }
    expect(printed).not_to be_empty
    expect(seen).to include(*printed.map { |line| shape(line).sub('tasker.steps', "#{desk.prefix}.steps") })
  end

  it 'work without a broker' do
    File.write(File.join(folder, 'steps.jsonl'), "#{JSON.generate(execute('validate_order', items))}\n")
    output, error, status = Open3.capture3(environment(sdk), 'sh', '-c', console[1].delete_prefix('$ '), chdir: folder)
    expect(status.exitstatus).to eq(0), error
    expect(JSON.parse(output)['result']).to eq('total' => 6)
  end
end
