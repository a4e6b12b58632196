# frozen_string_literal: true

module TaskerCore
  # Names of classes and files.
  module Naming
    module_function

    # +HTTPFetchHandler+ becomes +http_fetch_handler+, +A::B+ becomes <tt>a/b</tt>.
    def underscore(name)
      name.to_s.gsub('::', '/')
          .gsub(/([A-Z\d]+)([A-Z][a-z])/, '\1_\2')
          .gsub(/([a-z\d])([A-Z])/, '\1_\2')
          .tr('-', '_').downcase
    end

    # Whether a template may name this method of a class: a public one that is not every object's (+send+, +tap+).
    def step_method?(klass, name)
      klass.public_method_defined?(name) && !Object.ancestors.include?(klass.public_instance_method(name).owner)
    end

    # +Ecommerce.StepHandlers.X+ becomes <tt>Ecommerce::StepHandlers::X</tt>.
    def constant_path(name) = name.to_s.gsub('.', '::')

    # Every name a step may call a class by: qualified in both spellings, and its last part.
    def class_names(klass)
      qualified = klass.name
      return [] if qualified.nil?

      [qualified.split('::').last, qualified, qualified.gsub('::', '.')].uniq
    end
  end
end
