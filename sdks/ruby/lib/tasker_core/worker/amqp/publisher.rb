# frozen_string_literal: true

require 'securerandom'
require 'tasker_core/wire/codec'
require 'tasker_core/worker/amqp/connection'

module TaskerCore
  module Worker
    module Amqp
      # The connection that publishes, with confirms and +mandatory+. It is one of its own: a broker in alarm stops
      # reading it, and acks must not wait for that.
      class Publisher < Connection
        # A copy must not carry these: user_id must name our own user, the others would route or expire it.
        NOT_COPIED = %w[CC BCC].freeze
        COPIED = %i[content_type content_encoding message_id correlation_id reply_to type app_id timestamp].freeze
        BASIC = AMQ::Protocol::Basic

        def initialize(core, address, name, app_id)
          super(core, address, name)
          @app_id = app_id
          @mutex = Mutex.new
          @unconfirmed = {}
          @next_tag = 1
          @held = []
          @blocked = false
        end

        def role = 'publisher'

        # From the core's thread: send. When the connection is gone, +publisher_down+ reports the loss.
        def publish(publication)
          @orders << [:publish, live_epoch, publication]
        end

        def setup(link)
          @mutex.synchronize do
            @unconfirmed = {}
            @next_tag = 1
          end
          step('switch publisher confirms on') do
            link.request(AMQ::Protocol::Confirm::Select.encode(Link::CHANNEL, false))
          end
        end

        def went_up = @core.publisher_up
        def went_down = @core.publisher_down

        def forget
          @mutex.synchronize { @unconfirmed = {} }
          @held = []
          @blocked = false
        end

        def carry_out(link, order)
          kind, *rest = order
          case kind
          when :publish
            epoch, publication = rest
            return if epoch != @epoch

            # A write to a connection that is not read blocks; and what is kept here can still be sent elsewhere.
            @blocked ? @held << publication : send_out(link, publication)
          when :unblocked
            held, @held = @held, []
            held.each { |waiting| send_out(link, waiting) }
          end
        end

        def blocked
          @blocked = true
          @core.post { @core.publisher_blocked }
        end

        def unblocked
          @blocked = false
          @orders << [:unblocked]
          @core.post { @core.publisher_unblocked }
        end

        def method_arrived(method)
          case method
          when BASIC::Ack then settle(method.delivery_tag, method.multiple, true)
          when BASIC::Nack then settle(method.delivery_tag, method.multiple, false)
          end
        end

        # An unroutable message is returned first and confirmed then.
        def content_arrived(method, _properties, body)
          return unless method.is_a?(BASIC::Return)

          @mutex.synchronize do
            found = @unconfirmed.each_value.find do |publication|
              !publication.returned && publication.routing_key == method.routing_key &&
                publication.exchange == method.exchange && publication.body.b == body.b
            end
            found.returned = true if found
          end
        end

        private

        def send_out(link, publication)
          publication.message_id ||= SecureRandom.uuid unless publication.purpose == :dead_letter
          frames = encode(link, publication)
          @mutex.synchronize do
            @unconfirmed[@next_tag] = publication
            @next_tag += 1
          end
          link.write(frames)
        end

        def encode(link, publication)
          frames(link, publication, properties(publication))
        rescue StandardError
          # Foreign headers that came in but cannot be written: the message matters more.
          own = (publication.headers || {}).select { |name, _| name.start_with?('x-tasker-') }
          frames(link, publication, properties(publication).slice(:content_type, :delivery_mode, :message_id, :type)
                                                           .merge(headers: own))
        end

        def frames(link, publication, properties)
          BASIC::Publish.encode(Link::CHANNEL, publication.body.b, properties, publication.exchange.b,
                                publication.routing_key.b, true, false, link.frame_max)
        end

        def properties(publication)
          return copied(publication) if publication.purpose == :dead_letter

          short(content_type: 'application/json', message_id: publication.message_id,
                correlation_id: publication.correlation_id, reply_to: publication.reply_to, type: publication.type,
                app_id: @app_id)
            .merge({ delivery_mode: publication.persistent ? 2 : 1, timestamp: Time.now.to_i,
                     headers: publication.headers.to_h.empty? ? nil : publication.headers }.compact)
        end

        def copied(publication)
          original = publication.properties || {}
          headers = (publication.headers || {}).except(*NOT_COPIED)
                                               .to_h do |name, value|
            [name, name.start_with?('x-tasker-') ? Wire::Codec.safe_text(value, 2048) : value]
          end
          kept = original.slice(*COPIED).compact
          kept[:timestamp] = kept[:timestamp].to_i if kept[:timestamp]
          short(kept.except(:timestamp)).merge(kept.slice(:timestamp)).merge(delivery_mode: 2, headers:)
        end

        # Bytes throughout: Bunny joins the pieces as they are.
        def short(members)
          members.compact.transform_values do |value|
            bytes = value.to_s.b
            raise ArgumentError, 'longer than 255 bytes' if bytes.bytesize > 255

            bytes
          end
        end

        def settle(tag, multiple, acked)
          settled = @mutex.synchronize do
            tags = multiple ? @unconfirmed.keys.select { |known| known <= tag } : [tag]
            tags.filter_map { |known| @unconfirmed.delete(known) }
          end
          settled.each do |publication|
            returned, publication.returned = publication.returned, false
            @core.post { report(publication, acked, returned) }
          end
        end

        def report(publication, acked, returned)
          if !acked then @core.nacked(publication)
          elsif returned then @core.returned(publication)
          else
            @core.confirmed(publication)
          end
        end
      end
    end
  end
end
