# frozen_string_literal: true

module TaskerCore
  # The state of this process's worker, as hashes for health endpoints.
  module Observability
    module_function

    # Whether the worker runs.
    def health_basic
      worker = bootstrap
      { status: worker&.running? ? 'healthy' : 'unhealthy', worker_id: worker&.worker&.worker_id }
    end

    # The same with its connections and handlers.
    def health_detailed
      worker = bootstrap
      return health_basic.merge(running: false) if worker.nil?

      health_basic.merge(worker.status).merge(worker.health_check.slice(:healthy))
    end

    # Slots and counts.
    def worker_metrics
      worker = bootstrap
      return { running: false, slots: 0, slots_used: 0, processed_total: 0, failed_total: 0 } if worker.nil?

      { running: worker.running? }.merge(worker.health_check.slice(:slots, :slots_used, :processed_total,
                                                                   :failed_total))
    end

    # Without a worker, what it needs is not even loaded.
    def bootstrap = Worker.autoload?(:Bootstrap) ? nil : Worker::Bootstrap.instance
  end
end
