# frozen_string_literal: true

require 'spec_helper'

RSpec.describe TaskerCore::StepHandler::Base do
  def handler(name = nil, &body)
    stub_const(name, Class.new(described_class)) if name
    klass = name ? Object.const_get(name) : Class.new(described_class)
    klass.class_eval(&body) if body
    klass
  end

  it 'is named after its class' do
    expect(handler('ChargeCardHandler').handler_name).to eq('charge_card_handler')
  end

  it 'is named by its own method' do
    klass = handler('Charge') { def handler_name = 'payments.charge' }
    expect([klass.handler_name, klass.new.handler_name]).to eq(%w[payments.charge payments.charge])
  end

  it 'is named after its class when its own method needs an instance that was built' do
    klass = handler('Refund') { def handler_name = config.fetch('name') }
    expect(klass.handler_name).to eq('refund')
  end
end
