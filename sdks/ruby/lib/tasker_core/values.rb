# frozen_string_literal: true

module TaskerCore
  # A hash with string keys that may be read with strings or symbols. What handlers get (task context, dependency
  # results, inputs) is made of these; nested hashes are converted when they are read.
  class Values < Hash
    # Hashes become Values, arrays are looked through, anything else stays as it is.
    def self.wrap(value)
      return value if wrapped?(value)

      value.is_a?(Hash) ? from(value) : value.map { |member| wrap(member) }
    end

    def self.wrapped?(value)
      return value.all? { |member| wrapped?(member) } if value.is_a?(Array)

      value.is_a?(Values) || !value.is_a?(Hash)
    end

    def self.from(hash)
      values = new
      hash.each { |key, value| values[key] = value }
      values
    end

    def self.key(key) = key.is_a?(Symbol) ? key.name : key

    alias regular_writer []=
    alias regular_reader []

    def [](key) = read(Values.key(key))

    def []=(key, value)
      regular_writer(Values.key(key), value)
    end
    alias store []=

    def fetch(key, *default, &)
      name = Values.key(key)
      return read(name) if has_key_as_is?(name)

      super(name, *default, &)
    end

    alias has_key_as_is? key?

    def key?(key) = has_key_as_is?(Values.key(key))
    alias has_key? key?
    alias include? key?
    alias member? key?

    def dig(key, *path)
      value = self[key]
      path.empty? || value.nil? ? value : value.dig(*path)
    end

    def delete(key, &) = super(Values.key(key), &)
    def values_at(*keys) = keys.map { |key| self[key] }
    def fetch_values(*keys, &) = keys.map { |key| fetch(key, &) }
    def slice(*keys) = Values.from(super(*keys.map { |key| Values.key(key) }))
    def except(*keys) = Values.from(super(*keys.map { |key| Values.key(key) }))

    def each(&block)
      return enum_for(:each) { size } unless block

      convert_all
      super
    end
    alias each_pair each

    def values
      convert_all
      super
    end

    def each_value(&)
      convert_all
      super
    end

    def merge(...) = dup.update(...)

    def update(*others)
      others.each do |other|
        other.each do |key, value|
          name = Values.key(key)
          self[name] = block_given? && key?(name) ? yield(name, self[name], value) : value
        end
      end
      self
    end
    alias merge! update

    # Plain hashes all the way down, with string keys.
    def to_h(&block)
      plain = {}
      each_key { |key| plain[key] = Values.plain(regular_reader(key)) }
      block ? plain.to_h(&block) : plain
    end
    alias to_hash to_h

    def self.plain(value)
      case value
      when Hash then value.transform_values { |member| plain(member) }
      when Array then value.map { |member| plain(member) }
      else value
      end
    end

    def transform_keys(...) = to_h.transform_keys(...)
    def transform_values(&block) = Values.from(to_h.transform_values { |value| block.call(Values.wrap(value)) })
    def select(&) = Values.from(super)
    alias filter select
    def reject(&) = Values.from(super)
    def compact = reject { |_, value| value.nil? }
    def symbolize_keys = to_h.transform_keys { |key| symbol(key) }
    def deep_symbolize_keys = deep_symbols(to_h)
    def stringify_keys = to_h
    def deep_stringify_keys = to_h
    def with_indifferent_access = self
    def dup = Values.from(self)

    private

    def read(name)
      value = regular_reader(name)
      return value unless value.is_a?(Hash) || value.is_a?(Array)

      wrapped = Values.wrap(value)
      regular_writer(name, wrapped) unless frozen? || wrapped.equal?(value)
      wrapped
    end

    def convert_all
      each_key { |key| read(key) }
    end

    def symbol(key) = key.is_a?(String) ? key.to_sym : key

    def deep_symbols(value)
      case value
      when Hash then value.to_h { |key, member| [symbol(key), deep_symbols(member)] }
      when Array then value.map { |member| deep_symbols(member) }
      else value
      end
    end
  end
end
