# frozen_string_literal: true

require_relative 'protocol'

# The part of JSON Schema 2020-12 that the protocol's schemas use; a keyword it does not know is an error. (Debian's Ruby
# validators end at draft 7.)
class SchemaCheck
  IGNORED = %w[$schema $id title description $defs examples default $comment].freeze

  # Where +value+ does not fit, as text; nil when it does.
  def self.problem(schema_path, value) = new.problem(schema_path, value)

  def initialize
    @documents = {}
  end

  def problem(schema_path, value)
    check(document(schema_path), value, '$', schema_path)
  end

  private

  def document(path) = @documents[path] ||= Protocol.read("schemas/#{path}")

  def check(schema, value, place, path)
    return schema ? nil : "#{place} is not allowed" if [true, false].include?(schema)

    schema.each do |keyword, argument|
      found = keyword_problem(keyword, argument, schema, value, place, path)
      return found if found
    end
    nil
  end

  def keyword_problem(keyword, argument, schema, value, place, path)
    case keyword
    when *IGNORED, 'then', 'else' then nil
    when '$ref' then reference(argument, value, place, path)
    when 'if' then conditional(schema, value, place, path)
    when 'allOf' then argument.lazy.filter_map { |one| check(one, value, place, path) }.first
    when 'anyOf', 'oneOf' then "#{place} fits nothing of #{keyword}" unless argument.any? { |one| fits?(one, value, path) }
    when 'not' then "#{place} fits what it must not" if fits?(argument, value, path)
    when 'const' then "#{place} is not #{argument.inspect}" unless value == argument
    when 'enum' then "#{place} is none of #{argument.inspect}" unless argument.include?(value)
    when 'type' then "#{place} is no #{argument}" unless Array(argument).any? { |type| type?(type, value) }
    else detail_problem(keyword, argument, value, place, path)
    end
  end

  def detail_problem(keyword, argument, value, place, path)
    case keyword
    when 'required', 'properties', 'additionalProperties', 'propertyNames', 'minProperties', 'maxProperties'
      value.is_a?(Hash) ? object_problem(keyword, argument, value, place, path) : nil
    when 'items', 'minItems', 'maxItems', 'uniqueItems'
      value.is_a?(Array) ? array_problem(keyword, argument, value, place, path) : nil
    when 'minimum' then "#{place} < #{argument}" if value.is_a?(Numeric) && value < argument
    when 'maximum' then "#{place} > #{argument}" if value.is_a?(Numeric) && value > argument
    when 'minLength' then "#{place} is too short" if value.is_a?(String) && value.length < argument
    when 'maxLength' then "#{place} is too long" if value.is_a?(String) && value.length > argument
    when 'pattern' then "#{place} does not match #{argument}" if value.is_a?(String) && !value.match?(Regexp.new(argument))
    else raise "unknown keyword #{keyword} in #{path}"
    end
  end

  def object_problem(keyword, argument, value, place, path)
    case keyword
    when 'required' then argument.reject { |key| value.key?(key) }.first&.then { |key| "#{place}.#{key} is missing" }
    when 'minProperties' then "#{place} has too few members" if value.size < argument
    when 'maxProperties' then "#{place} has too many members" if value.size > argument
    when 'properties'
      argument.lazy.filter_map { |key, one| check(one, value[key], "#{place}.#{key}", path) if value.key?(key) }.first
    when 'additionalProperties' then nil # used with true, or for maps
    when 'propertyNames' then value.keys.lazy.filter_map { |key| check(argument, key, "#{place} key", path) }.first
    end
  end

  def array_problem(keyword, argument, value, place, path)
    case keyword
    when 'items'
      value.each_with_index.lazy.filter_map { |one, index| check(argument, one, "#{place}[#{index}]", path) }.first
    when 'minItems' then "#{place} has too few elements" if value.size < argument
    when 'maxItems' then "#{place} has too many elements" if value.size > argument
    when 'uniqueItems' then "#{place} repeats an element" if argument && value.uniq.size < value.size
    end
  end

  def reference(argument, value, place, path)
    file, fragment = argument.split('#')
    target = file.empty? ? path : File.expand_path(file, "/#{File.dirname(path)}").delete_prefix('/')
    schema = (fragment || '').split('/').reject(&:empty?).reduce(document(target)) { |node, key| node.fetch(key) }
    check(schema, value, place, target)
  end

  def conditional(schema, value, place, path)
    branch = fits?(schema['if'], value, path) ? schema['then'] : schema['else']
    branch && check(branch, value, place, path)
  end

  def fits?(schema, value, path) = check(schema, value, '$', path).nil?

  def type?(type, value)
    case type
    when 'null' then value.nil?
    when 'boolean' then [true, false].include?(value)
    when 'object' then value.is_a?(Hash)
    when 'array' then value.is_a?(Array)
    when 'string' then value.is_a?(String)
    when 'integer' then value.is_a?(Integer) || (value.is_a?(Float) && value == value.floor)
    when 'number' then value.is_a?(Numeric)
    end
  end
end
