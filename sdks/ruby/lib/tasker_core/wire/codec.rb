# frozen_string_literal: true

require 'json'
require 'tasker_core/wire/plain_values'

module TaskerCore
  module Wire
    # A text that is not JSON; the message is a short reason.
    class NotJson < StandardError; end

    # A value that has no form on the wire; the message names the place and the reason.
    class NotSerializable < StandardError; end

    # JSON as the wire wants it: exact integers of 64 bits, no NaN, no lone surrogates, no U+0000.
    module Codec
      MAX_DEPTH = 64
      READ_DEPTH = 100
      # The standard parser reads an unknown escape as the character behind the backslash.
      UNKNOWN_ESCAPE = %r{(?<!\\)(?:\\\\)*\\[^"\\/bfnrtu]}

      module_function

      # Read one JSON text. Raises NotJson.
      def decode(body)
        text = body.encoding == Encoding::UTF_8 ? body : body.dup.force_encoding(Encoding::UTF_8)
        raise NotJson, 'not UTF-8' unless text.valid_encoding?
        raise NotJson, 'not JSON: unknown escape in a string' if text.include?('\\') && UNKNOWN_ESCAPE.match?(text)

        JSON.parse(text, max_nesting: READ_DEPTH, create_additions: false)
      rescue JSON::NestingError
        raise NotJson, 'nested too deeply'
      rescue JSON::ParserError => e
        raise NotJson, "not JSON: #{Codec.safe_text(e.message, 200).lines.first.to_s.strip}"
      end

      # Write a value as compact JSON text that is valid on the wire. +depth+ is how deep the value itself may nest.
      # Symbols, times, structs, sets and objects with +to_h+ are converted. Raises NotSerializable.
      def encode(value, depth: MAX_DEPTH)
        JSON.generate(PlainValues.new(depth).convert(value), max_nesting: 0)
      end

      # Text that can always be sent: valid UTF-8 without U+0000, cut at a character's boundary.
      def safe_text(text, max_bytes = nil)
        text = text.to_s
        text = text.dup.force_encoding(Encoding::UTF_8) if text.encoding == Encoding::BINARY
        text = text.encode(Encoding::UTF_8, invalid: :replace, undef: :replace) unless text.encoding == Encoding::UTF_8
        text = text.scrub.tr("\u0000", "\uFFFD")
        return text if max_bytes.nil? || text.bytesize <= max_bytes

        text.byteslice(0, max_bytes).scrub('')
      end
    end
  end
end
