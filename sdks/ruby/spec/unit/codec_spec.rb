# frozen_string_literal: true

RSpec.describe TaskerCore::Wire::Codec do
  def refusal(value, **options)
    described_class.encode(value, **options)
    nil
  rescue TaskerCore::Wire::NotSerializable => e
    e.message
  end

  it 'keeps 64-bit integers, doubles and Unicode' do
    value = { 'n' => [-(2**63), (2**63) - 1, (2**53) + 1], 'd' => [0.1, 1e-7, 1.7976931348623157e308], 's' => 'Zoë 🦊' }
    expect(described_class.decode(described_class.encode(value))).to eq(value)
  end

  it 'writes integral doubles beyond 64 bits with a fraction or an exponent' do
    expect(described_class.encode([1e20, 1e300])).to match(/\A\[1(0*\.0|(\.0)?e\+?20),/)
  end

  it 'converts symbols, times, structs, sets, decimals and value objects' do
    point = Struct.new(:x, :y).new(1, 2)
    value = { sym: :bol, time: Time.at(0, 250, :millisecond), date: Date.new(2026, 7, 1), point: point,
              set: Set[1], decimal: BigDecimal('1.50'), outcome: TaskerCore::Types::DecisionPointOutcome.no_branches }
    expect(described_class.decode(described_class.encode(value))).to eq(
      'sym' => 'bol', 'time' => '1970-01-01T00:00:00.250Z', 'date' => '2026-07-01', 'point' => { 'x' => 1, 'y' => 2 },
      'set' => [1], 'decimal' => '1.5', 'outcome' => { 'type' => 'no_branches' }
    )
  end

  it 'takes binary strings that are UTF-8 and converts other encodings' do
    expect(described_class.encode(['ë'.b, 'ë'.encode('ISO-8859-1')])).to eq('["ë","ë"]')
  end

  {
    'NaN' => [{ 'a' => [1, Float::NAN] }, /NaN at \$\["a"\]\[1\]/],
    'infinity' => [-Float::INFINITY, /-Infinity at \$/],
    'integers beyond 64 bits' => [[2**63], /\$\[0\] does not fit into 64 bits/],
    'U+0000' => [{ 'k' => "a\u0000" }, /U\+0000/],
    'U+0000 in a key' => [{ "a\u0000" => 1 }, /U\+0000/],
    'bytes that are no text' => [["\xFF"], /not valid UTF-8/],
    'objects' => [{ 'io' => $stdout }, /IO at \$\["io"\] has no JSON form/],
    'keys that are no names' => [{ [1] => 2 }, /keys must be strings/],
    'two keys that are one' => [{ 'a' => 1, :a => 2 }, /two keys that are both "a"/],
    'a to_h that fails' => [Class.new { def to_h = raise('no') }.new, /cannot be converted/]
  }.each do |name, (value, message)|
    it("refuses #{name} and says where") { expect(refusal(value)).to match(message) }
  end

  it 'refuses what is too deep, and what refers to itself' do
    nest = ->(levels) { (levels - 1).times.reduce([]) { |inner, _| [inner] } }
    expect(refusal(nest.call(63), depth: 63)).to be_nil
    expect(refusal(nest.call(64), depth: 63)).to match(/nested too deeply/)
    cycle = {}
    cycle['self'] = cycle
    expect(refusal(cycle)).to match(/refers to itself/)
  end

  it 'reads 66 levels' do
    expect(described_class.decode(('[' * 66) + (']' * 66)).flatten).to eq([])
  end

  it 'makes any text sendable, and cuts at the boundary of a character' do
    expect(described_class.safe_text("a\u0000\xFFë", 6)).to eq('a��'.byteslice(0, 4))
    expect(described_class.safe_text('ëë', 3)).to eq('ë')
    expect(described_class.safe_text(nil)).to eq('')
  end
end
