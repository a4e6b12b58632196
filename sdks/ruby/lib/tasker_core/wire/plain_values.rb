# frozen_string_literal: true

require 'bigdecimal'
require 'date'
require 'set'
require 'time'

module TaskerCore
  module Wire
    # Turns what a handler returned into hashes, arrays, strings and numbers, and names the first value that cannot be.
    class PlainValues
      INT64 = (-(2**63)..((2**63) - 1))

      def initialize(max_depth)
        @max_depth = max_depth
      end

      # Raises NotSerializable.
      def convert(value, depth = 0, path = nil)
        case value
        when nil, true, false then value
        when String then string(value, path)
        when Symbol then string(value.to_s, path)
        when Integer then integer(value, path)
        when Float then float(value, path)
        when Hash then hash(value, depth, path)
        when Array then array(value, depth, path)
        else other(value, depth, path)
        end
      end

      private

      def hash(value, depth, path)
        check_depth(depth, path)
        value.each_with_object({}) do |(key, member), plain|
          name = key_name(key, path)
          refuse("#{place(path)} has two keys that are both #{name.inspect}") if plain.key?(name)
          plain[name] = convert(member, depth + 1, [path, name])
        end
      end

      def array(value, depth, path)
        check_depth(depth, path)
        index = -1
        value.map { |member| convert(member, depth + 1, [path, index += 1]) }
      end

      def key_name(key, path)
        case key
        when String, Symbol then string(key.to_s, path)
        when Integer, true, false, nil then key.to_s
        else refuse("a key at #{place(path)} is a #{key.class}: keys must be strings or symbols")
        end
      end

      def string(value, path)
        value = value.dup.force_encoding(Encoding::UTF_8) if value.encoding == Encoding::BINARY
        value = value.encode(Encoding::UTF_8) unless value.encoding == Encoding::UTF_8
        refuse("the string at #{place(path)} is not valid UTF-8: encode binary data, with Base64 say") \
          unless value.valid_encoding?
        refuse("the string at #{place(path)} contains U+0000, which the wire does not carry: remove it") \
          if value.include?("\u0000")
        value
      rescue EncodingError
        refuse("the string at #{place(path)} cannot be converted to UTF-8")
      end

      def integer(value, path)
        return value if INT64.cover?(value)

        refuse("the integer at #{place(path)} does not fit into 64 bits: send it as a string")
      end

      def float(value, path)
        return value if value.finite?

        refuse("#{value} at #{place(path)} is not a JSON number: return nil or a finite number")
      end

      def other(value, depth, path)
        case value
        when Time then value.getutc.iso8601(3)
        when Date then value.iso8601
        when BigDecimal then value.finite? ? value.to_s('F') : float(value.to_f, path)
        when Set then array(value.to_a, depth, path)
        else convertible(value, depth, path)
        end
      end

      def convertible(value, depth, path)
        plain = value.to_h if value.respond_to?(:to_h) && !value.is_a?(Enumerable)
        plain ||= value.to_h if value.is_a?(Struct)
        return hash(plain, depth, path) if plain.is_a?(Hash)

        no_form(value, path)
      rescue NotSerializable
        raise
      rescue StandardError => e
        refuse("#{value.class} at #{place(path)} cannot be converted to a hash: #{e.class}: #{e.message}")
      end

      def no_form(value, path)
        refuse("#{value.class} at #{place(path)} has no JSON form: convert it to a string, number, array or hash")
      end

      def check_depth(depth, path)
        refuse("#{place(path)} is nested too deeply, or the value refers to itself") if depth >= @max_depth
      end

      # Paths are linked pairs, so that nothing is spent on them unless an error needs one.
      def place(path)
        parts = []
        until path.nil?
          path, key = path
          parts.unshift("[#{key.inspect}]")
        end
        return "$#{parts.join}" if parts.size <= 12

        "$#{parts.first(6).join}...#{parts.last(3).join}"
      end

      def refuse(text)
        raise NotSerializable, text
      end
    end
  end
end
