# frozen_string_literal: true

# The gem as somebody else installs it.
RSpec.describe 'the gem' do
  sdk = File.expand_path('../..', __dir__)

  def run(*command, input: '', **environment)
    clean = WorkerProcess.environment('RUBYLIB' => nil, 'RUBYOPT' => nil, **environment)
    output, error, status = Open3.capture3(clean, *command, stdin_data: input, chdir: folder)
    expect(status.exitstatus).to eq(0), error
    output
  end

  def write(path, text)
    FileUtils.mkdir_p(File.dirname(File.join(folder, path)))
    File.write(File.join(folder, path), text)
  end

  it 'has its files, is installed without a network and runs' do
    gem = File.join(folder, 'built.gem')
    run('gem', 'build', '--output', gem, '-C', sdk, 'tasker_core.gemspec')
    files = run('gem', 'specification', gem, 'files').lines.grep(/^- /).map { |line| line.delete_prefix('- ').chomp }
    sources = Dir['{lib,sig,exe}/**/*', base: sdk].select { |path| File.file?(File.join(sdk, path)) }
    expect(files).to match_array(sources + %w[LICENSE README.md])

    home = File.join(folder, 'gems')
    run('gem', 'install', '--local', '--no-document', '--ignore-dependencies', '--install-dir', home, gem)
    write('app/where.rb', <<~RUBY)
      require 'tasker_core'

      class Where < TaskerCore::StepHandler::Base
        def self.handler_name = 'where'
        def call(_context) = { file: $LOADED_FEATURES.grep(/tasker_core\\.rb$/).first }
      end
    RUBY
    paths = [home, *Gem.path].join(File::PATH_SEPARATOR)
    %w[tasker-worker tasker-worker-ruby].each do |name|
      answer = run(File.join(home, 'bin', name), '-r', 'app', '--transport', 'stdio', 'GEM_PATH' => paths,
                                                                                      input: "#{JSON.generate(execute('where'))}\n")
      expect(JSON.parse(answer)['result']['file']).to start_with(home)
    end
  end

  it 'has the license of the repository' do
    expect(File.read(File.join(sdk, 'LICENSE'))).to eq(File.read(File.join(sdk, '../../LICENSE')))
  end
end
