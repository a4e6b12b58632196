# frozen_string_literal: true

# The code of README.md runs as printed.
RSpec.describe 'README.md' do
  let(:text) { File.read(File.expand_path('../../README.md', __dir__), encoding: 'UTF-8') }
  let(:blocks) { text.scan(/```ruby\n(.*?)```/m).flatten }

  it 'has the five headings in their order' do
    expect(text.scan(/^## (.*)/).flatten.first(5)).to eq(
      ['Install', 'Write a handler', 'Run it', 'Errors and retries', 'Test it']
    )
  end

  it 'shows a handler and its test that work' do
    handler, test = blocks
    folder_of('app/handlers/validate_order_handler.rb', handler)
    folder_of('spec/validate_order_handler_spec.rb', test)
    output = IO.popen([{ 'RUBYLIB' => File.expand_path('../../lib', __dir__) }, 'rspec', '--options', '/dev/null',
                       'spec/validate_order_handler_spec.rb', { chdir: folder, err: %i[child out] }], &:read)
    expect(output).to include('2 examples, 0 failures')
  end

  def folder_of(path, content)
    full = File.join(folder, path)
    FileUtils.mkdir_p(File.dirname(full))
    File.write(full, content)
  end
end
