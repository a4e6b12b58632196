# frozen_string_literal: true

require 'tasker_core/types'

module TaskerCore
  module StepHandler
    module Mixins
      # Choosing the steps that follow.
      module Decision
        # Activate the named steps; +routing_context+ is stored with the result for later steps. Raises PermanentError
        # when +steps+ names none.
        def decision_success(steps:, result_data: {}, metadata: {}, routing_context: nil)
          names = steps.is_a?(Array) ? steps : [steps]
          outcome = decision_outcome { Types::DecisionPointOutcome.create_steps(names) }
          decision_result(outcome, result_data, metadata, routing_context:)
        end

        # A success after which no step follows.
        def decision_no_branches(reason_text = nil, result_data: {}, metadata: {}, reason: nil, routing_context: nil)
          decision_result(Types::DecisionPointOutcome.no_branches, result_data, metadata,
                          reason: reason || reason_text, routing_context:)
        end
        alias skip_branches decision_no_branches

        # The same from an outcome, given as an object or a hash.
        def decision_with_custom_outcome(outcome:, result_data: {}, metadata: {})
          decision_result(validate_decision_outcome!(outcome), result_data, metadata)
        end

        # The outcome as an object; raises PermanentError for what is none.
        def validate_decision_outcome!(outcome)
          return outcome if outcome.is_a?(Types::DecisionPointOutcome)

          decision_outcome do
            members = outcome.to_h.transform_keys(&:to_sym)
            Types::DecisionPointOutcome.new(type: members[:type].to_s, step_names: members[:step_names] || [])
          end
        end

        # The decision could not be made.
        def decision_failure(message:, error_type: 'PermanentError', retryable: false, metadata: {})
          failure(message:, error_type:, retryable:,
                  metadata: { decision_point: true }.merge(metadata || {}))
        end

        def capabilities = super + ['decision_point']

        private

        def decision_outcome
          yield
        rescue TypeError, NoMethodError => e
          raise Errors::PermanentError.new("Invalid decision point outcome: #{e.message}",
                                           error_code: 'INVALID_DECISION_OUTCOME')
        end

        def decision_result(outcome, result_data, metadata, **extras)
          result = (result_data || {}).to_h.merge(decision_point_outcome: outcome.to_h).merge(extras.compact)
          success(result:, metadata: {
            decision_point: true, outcome_type: outcome.type, branches_created: outcome.step_names.size,
            processed_at: Time.now.utc.iso8601(3), processed_by: handler_name
          }.merge(metadata || {}))
        end
      end
    end
  end
end
