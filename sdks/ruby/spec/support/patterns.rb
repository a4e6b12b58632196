# frozen_string_literal: true

# The patterns of protocol/conformance/README.md.
module Patterns
  module_function

  # Where a value does not match, as text; nil when it does.
  def problem(pattern, value, place = '$')
    case pattern
    when Hash
      pattern.keys.any? { |key| key.start_with?('$') } ? special(pattern, value, place) : object(pattern, value, place)
    when Array then array(pattern, value, place)
    else "#{place} is #{value.inspect[0, 200]}, not #{pattern.inspect[0, 200]}" unless same?(pattern, value)
    end
  end

  def same?(one, other)
    return one.to_f == other.to_f if one.is_a?(Float) || other.is_a?(Float)

    one == other
  end

  def object(pattern, value, place)
    return "#{place} is no object: #{value.inspect[0, 200]}" unless value.is_a?(Hash)

    pattern.lazy.filter_map { |key, one| problem(one, value[key], "#{place}.#{key}") }.first
  end

  def array(pattern, value, place)
    return "#{place} is not an array of #{pattern.size}: #{value.inspect[0, 200]}" unless value.is_a?(Array) && value.size == pattern.size

    pattern.each_with_index.lazy.filter_map { |one, index| problem(one, value[index], "#{place}[#{index}]") }.first
  end

  def special(pattern, value, place)
    pattern.lazy.filter_map { |key, argument| key_problem(key, argument, value, place) }.first
  end

  def key_problem(key, argument, value, place)
    fits = case key
           when '$exactly' then argument == value
           when '$any_of' then argument.any? { |one| problem(one, value).nil? }
           when '$all_of' then argument.all? { |one| problem(one, value).nil? }
           when '$not' then !problem(argument, value).nil?
           when '$type' then type?(argument, value)
           when '$contains' then value.is_a?(String) && value.include?(argument)
           when '$starts_with' then value.is_a?(String) && value.start_with?(argument)
           when '$some' then value.is_a?(Array) && value.any? { |one| problem(argument, one).nil? }
           when '$at_least' then value.is_a?(Numeric) && value >= argument
           when '$at_most' then value.is_a?(Numeric) && value <= argument
           when '$min_bytes' then value.is_a?(String) && value.bytesize >= argument
           when '$max_bytes' then value.is_a?(String) && value.bytesize <= argument
           when '$min_length' then value.is_a?(Array) && value.size >= argument
           when '$max_length' then value.is_a?(Array) && value.size <= argument
           when '$repeat' then value == argument['text'] * argument['times']
           else raise "unknown pattern key #{key}"
           end
    "#{place} is #{value.inspect[0, 200]}, which is not #{key} #{argument.inspect[0, 200]}" unless fits
  end

  def type?(type, value)
    case type
    when 'string' then value.is_a?(String)
    when 'integer' then value.is_a?(Integer)
    when 'number' then value.is_a?(Numeric)
    when 'boolean' then [true, false].include?(value)
    when 'object' then value.is_a?(Hash)
    when 'array' then value.is_a?(Array)
    when 'null' then value.nil?
    end
  end
end
