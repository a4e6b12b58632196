# frozen_string_literal: true

require 'json'

# The shared files of the wire contract. Their absence is a failure, not a reason to skip.
module Protocol
  FOLDER = File.expand_path('../../../../protocol', __dir__)

  module_function

  def read(path) = JSON.parse(File.read(File.join(FOLDER, path), encoding: 'UTF-8'), max_nesting: 0)

  # <tt>[description, test]</tt> of a vector file.
  def vectors(name, subject = nil)
    read("vectors/#{name}").flat_map do |group|
      next [] if subject && group['subject'] != subject

      group['tests'].map { |test| ["#{group['description']}: #{test['description']}"[0, 150], test] }
    end
  end

  def text_of(data)
    return data['text'].dup if data.key?('text')
    return data['base64'].unpack1('m') if data.key?('base64')

    data['parts'].map { |part| part['text'] * part['times'] }.join
  end

  # Two objects are merged member by member, anything else replaces.
  def lay(under, over)
    return over unless under.is_a?(Hash) && over.is_a?(Hash)

    under.merge(over) { |_, old, new| lay(old, new) }
  end
end
