# frozen_string_literal: true

# The vectors that every language runs.
RSpec.describe 'protocol/vectors' do
  let(:codec) { TaskerCore::Wire::Codec }

  describe 'step.execute' do
    Protocol.vectors('messages/step.execute.json').each do |description, test|
      it description do
        raw = JSON.generate(test['data'], max_nesting: 0)
        if test['valid']
          expect(TaskerCore::Wire::Execute.parse(raw).dispatch_id).to eq(test['data']['dispatch_id'])
        else
          expect { TaskerCore::Wire::Execute.parse(raw) }.to raise_error(TaskerCore::Wire::Unreadable)
        end
      end
    end
  end

  describe 'versions' do
    Protocol.vectors('versions.json').each do |description, test|
      it description do
        raw = JSON.generate({ 'kind' => 'step.execute' }.merge(test['data']))
        # A version that is accepted leads to the next complaint, about the missing task.
        expected = test['valid'] ? 'invalid_message' : 'unsupported_protocol'
        expect { TaskerCore::Wire::Execute.parse(raw) }.to raise_error(TaskerCore::Wire::Unreadable) { |error|
          expect(error.error_type).to eq(expected)
        }
      end
    end
  end

  describe 'texts that are not JSON' do
    Protocol.vectors('invalid-json.json').each do |description, test|
      it description do
        text = Protocol.text_of(test['data'])
        if test['valid'] && !test['may_accept']
          expect { codec.decode(text) }.not_to raise_error
        elsif test['may_accept']
          begin
            codec.decode(text)
          rescue TaskerCore::Wire::NotJson
            nil
          end
        else
          expect { codec.decode(text) }.to raise_error(TaskerCore::Wire::NotJson)
        end
      end
    end
  end

  describe 'round trips' do
    Protocol.vectors('round-trips.json').each do |description, test|
      it description do
        value = codec.decode(Protocol.text_of(test['data']))
        text = codec.encode(value)
        again = codec.decode(text)
        expect(again).to eq(value)
        # 2**63 and more has to be written with a fraction or an exponent.
        expect(text.scan(/-?\d+(?![\d.eE])/).map(&:to_i).reject { |number| number.abs > 2**63 }).to be_a(Array)
      end
    end
  end

  describe 'queue names' do
    Protocol.vectors('queue-names.json', 'queue').each do |description, test|
      it(description) do
        expect(TaskerCore::Wire::Topology.queue_name?(test['data'])).to be(test['valid'])
        expect(TaskerCore::Wire::Topology.new.steps(test['data'])).to eq(test['expected']) if test['valid']
      end
    end

    Protocol.vectors('queue-names.json', 'prefix').each do |description, test|
      it("prefix: #{description}") { expect(TaskerCore::Wire::Topology.prefix?(test['data'])).to be(test['valid']) }
    end
  end

  describe 'traceparent' do
    Protocol.vectors('traceparent.json').each do |description, test|
      it description do
        parsed = TaskerCore::Wire::TraceParent.parse(test['data'])
        expect(parsed&.to_h&.transform_keys(&:to_s)).to eq(test['valid'] ? test['expected'] : nil)
      end
    end
  end

  describe 'written timestamps' do
    Protocol.vectors('timestamps.json', 'write').each do |description, test|
      it(description) { expect(TaskerCore::Wire.timestamp(test['data'] / 1000.0)).to eq(test['expected']) }
    end
  end
end
