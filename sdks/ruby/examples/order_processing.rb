# frozen_string_literal: true

# The Ruby side of templates/tasks/order_processing.yaml.
#
# Run it: tasker-worker -r examples/order_processing.rb --namespace ecommerce --queue ecommerce.ruby
require 'digest'
require 'tasker_core'

# An id that depends on the inputs only, so that a repeated attempt means the same thing.
module StableId
  def stable_id(prefix, *parts) = "#{prefix}-#{Digest::SHA256.hexdigest(parts.join('|'))[0, 12]}"
end

# Puts the items of a valid order aside.
class ReserveInventoryHandler < TaskerCore::StepHandler::Base
  include StableId

  def call(context)
    lines = context.get_input('items').map do |item|
      { sku: item['sku'], quantity: item['quantity'], warehouse: 'north' }
    end
    success(result: { reservation_id: stable_id('RES', context.task_uuid), lines: lines })
  end
end

# Asks for the order's total. The step says +retryable: false+: it is never started twice.
class AuthorizePaymentHandler < TaskerCore::StepHandler::Base
  include StableId

  def call(context)
    totals = context.get_dependency_result('validate_order')
    token = context.get_input('payment')['token']
    unless token.start_with?('tok_')
      raise TaskerCore::Errors::PermanentError.new('the payment token is not one of ours', error_code: 'BAD_TOKEN')
    end

    success(result: { authorization_id: stable_id('AUTH', context.task_uuid, token),
                      amount_cents: totals['total_cents'], currency: totals['currency'] })
  end
end

# Writes the message to the customer.
class ConfirmOrderHandler < TaskerCore::StepHandler::Base
  def call(context)
    order = context.get_dependency_result('create_order')
    customer = context.get_input('customer')
    total = format('%.2f', order['total_cents'] / 100.0)
    text = "Thank you, #{customer['name']}: #{total} #{context.get_input('currency')} are on their way."
    success(result: { to: customer['email'], subject: "Your order #{order['order_number']}", text: text })
  end
end
