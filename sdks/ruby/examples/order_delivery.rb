# frozen_string_literal: true

# Ruby's part of templates/tasks/order_processing.yaml in the demo: a decision, and the delivery it chooses.
#
# Run it: tasker-worker -r examples/order_delivery.rb --namespace ecommerce --queue ecommerce.ruby
require 'date'
require 'tasker_core'

# Express for large orders, standard for the others.
class ChooseDeliveryHandler < TaskerCore::StepHandler::Decision
  def call(context)
    total = context.get_dependency_field('validate_order', 'total_cents')
    express = total >= context.get_config('express_from_cents')
    decision_success(steps: [express ? 'express_delivery' : 'standard_delivery'],
                     routing_context: { total_cents: total })
  end
end

# Books the service that the step is configured with.
class BookDeliveryHandler < TaskerCore::StepHandler::Base
  def call(context)
    service = context.get_config('service')
    success(result: { service: service, days: context.get_config('days'),
                      tracking: "#{service[0].upcase}#{context.task_uuid.delete('-')[-10..].upcase}" })
  end
end
