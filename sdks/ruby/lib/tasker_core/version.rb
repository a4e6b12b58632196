# frozen_string_literal: true

# Step handlers in Ruby.
module TaskerCore
  VERSION = '0.1.0'

  # What a person who reports a problem is asked for.
  def self.version_info
    { version: VERSION, ruby_version: RUBY_VERSION, platform: RUBY_PLATFORM, protocol: '1.0' }
  end
end
