# frozen_string_literal: true

require 'tasker_core/models'

module TaskerCore
  module BatchProcessing
    # What an aggregator finds: the results of batch workers, or that there were none.
    class BatchAggregationScenario
      # The id of the worker that runs without work when there are no batches.
      PLACEHOLDER = '000'

      # :no_batches or :with_batches; results are unwrapped, those of the workers by step name.
      attr_reader :type, :batchable_result, :batch_results, :worker_count

      # Look at the analyzer and the workers whose names begin with +prefix+. +dependency_results+ is a
      # DependencyResultsWrapper or a hash.
      def self.detect(dependency_results, analyzer, prefix)
        results = dependency_results
        results = Models::DependencyResultsWrapper.new(results) unless results.respond_to?(:get_results)
        analyzed = results.get_results(analyzer)
        outcome = analyzed.is_a?(Hash) ? analyzed['batch_processing_outcome'] : nil
        return new(:no_batches, analyzed) if outcome.is_a?(Hash) && outcome['type'] == 'no_batches'

        found = results.keys.map(&:to_s).select { |name| name.start_with?(prefix) }
                       .to_h { |name| [name, results.get_results(name)] }.compact
        return new(:no_batches, analyzed) if found.all? { |name, result| placeholder?(name, result) }

        new(:with_batches, analyzed, found)
      end

      def self.placeholder?(name, result)
        name.end_with?(PLACEHOLDER) && result.is_a?(Hash) && result['no_op'] == true
      end
      private_class_method :placeholder?

      def initialize(type, batchable_result, batch_results = {})
        @type = type
        @batchable_result = batchable_result
        @batch_results = batch_results
        @worker_count = batch_results.size
      end

      def no_batches? = type == :no_batches
      alias is_no_batches no_batches?
      def with_batches? = type == :with_batches
    end
  end
end
