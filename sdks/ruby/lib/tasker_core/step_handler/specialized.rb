# frozen_string_literal: true

module TaskerCore
  module StepHandler
    # Calls HTTP APIs.
    class Api < Base
      include Mixins::API
    end

    # Chooses the steps that follow.
    class Decision < Base
      include Mixins::Decision
    end

    # Splits work into batches, runs one, or adds their results up.
    class Batchable < Base
      include Mixins::Batchable
    end
  end
end
