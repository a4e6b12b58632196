# frozen_string_literal: true

module TaskerCore
  module Wire
    # The caller's span, from a W3C +traceparent+ header, as far as a worker reads it.
    TraceParent = Struct.new(:trace_id, :parent_id, :sampled) do
      # Nil for everything the specification calls invalid, which then counts as absent.
      def self.parse(value)
        return nil unless value.is_a?(String) && value.valid_encoding?

        match = /\A(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?\z/m.match(value)
        return nil if match.nil?

        version, trace_id, parent_id, flags, more = match.captures
        return nil if (version == '00' && more) || trace_id.delete('0').empty? || parent_id.delete('0').empty?

        new(trace_id, parent_id, flags.hex.anybits?(1))
      end
    end
  end
end
