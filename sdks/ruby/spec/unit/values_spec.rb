# frozen_string_literal: true

RSpec.describe TaskerCore::Values do
  let(:values) { described_class.wrap({ 'a' => { 'b' => [{ 'c' => 1 }] }, :x => 2, 'n' => nil }) }

  it 'is read with strings and symbols at every depth' do
    expect(values[:a][:b][0][:c]).to eq(1)
    expect(values.dig('a', :b, 0, 'c')).to eq(1)
    expect(values.dig(:n, :b)).to be_nil
    expect(values.fetch(:x)).to eq(2)
    expect(values.fetch(:zz, 5)).to eq(5)
    expect { values.fetch(:zz) }.to raise_error(KeyError)
    expect(values.key?(:x) && values.key?('x') && values.key?(:n)).to be(true)
    expect(values.values_at(:x, 'zz')).to eq([2, nil])
    expect(values.slice(:x).to_h).to eq('x' => 2)
    expect(values.except(:a, 'n').to_h).to eq('x' => 2)
    expect(values.merge(x: 3, y: 1)['x']).to eq(3)
    expect(values['x']).to eq(2)
  end

  it 'becomes plain hashes' do
    expect(values.to_h).to eq('a' => { 'b' => [{ 'c' => 1 }] }, 'x' => 2, 'n' => nil)
    expect(values.to_h.class).to be(Hash)
    expect(values.to_h['a'].class).to be(Hash)
    expect(values.symbolize_keys.keys).to eq(%i[a x n])
    expect(values.deep_symbolize_keys[:a]).to eq(b: [{ c: 1 }])
    expect(values.stringify_keys).to eq(values.to_h)
    expect(values.transform_keys(&:upcase).keys).to eq(%w[A X N])
    expect(JSON.generate(values)).to eq('{"a":{"b":[{"c":1}]},"x":2,"n":null}')
  end

  it 'converts nested hashes however they are reached' do
    expect(values.map { |_, value| value.class }).to include(described_class)
    expect(values.values.first).to be_a(described_class)
    expect(values.select { |key, _| key == 'a' }[:a]).to be_a(described_class)
    values[:a][:b] << 5
    expect(values['a']['b']).to eq([{ 'c' => 1 }, 5])
    expect(values.with_indifferent_access).to be(values)
    expect(values.freeze[:a][:b][0][:c]).to eq(1)
  end

  it 'works in pattern matching' do
    found = case values
            in { x: Integer => number } then number
            end
    expect(found).to eq(2)
  end
end
