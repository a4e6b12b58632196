# frozen_string_literal: true

require 'tasker_core/worker/amqp/link'

module TaskerCore
  module Worker
    module Amqp
      # A connection to RabbitMQ that is made again for ever, on a thread of its own, so that a socket that blocks holds
      # up nobody. Subclasses say what to set up and what to do with what arrives; +core+ gets everything as calls on
      # its own thread (+post+), and reports trouble (+refused+, +trouble+).
      class Connection
        FIRST_PAUSE = 0.5
        LONGEST_PAUSE = 30.0

        attr_reader :epoch, :live_epoch

        def initialize(core, address, name)
          @core = core
          @address = address
          @properties = { connection_name: name, product: 'tasker-sdk' }
          @orders = Mailbox.new
          @epoch = 0
          @failures = 0
          @closing = false
        end

        # Connect in the background.
        def start
          @thread = Thread.new { run }
          @thread.name = "tasker-#{role}"
          @thread.report_on_exception = true
        end

        # Close in order; the block is called on the connection's thread when it is done.
        def close(&done)
          @closing = true
          @orders << [:close, done]
        end

        # -- For subclasses

        def role = 'connection'

        # Requests in order; +step+ names the one that an error shows.
        def setup(_link) = raise(NotImplementedError)

        # On the core's thread. Between the two, +live_epoch+ is the epoch of the connection that the core knows of.
        def went_up = raise(NotImplementedError)
        def went_down = raise(NotImplementedError)

        # On the connection's thread: carry out an order while the link lives.
        def carry_out(_link, _order); end

        # On the connection's thread: the link is gone.
        def forget; end

        # -- From the link, on Bunny's thread

        def lost(error) = @orders << [:lost, @link, error]
        def blocked; end
        def unblocked; end

        private

        def step(name)
          @step = name
          yield
        end

        def run
          until @closing
            begin
              live
            rescue StandardError => e
              failed(e)
            end
            pause
          end
          finish
        end

        def live
          @step = 'connect'
          link = @link = Link.new(@address, @properties, self)
          link.open
          setup(link)
          @failures = 0
          @pause = 0
          up
          serve(link)
        ensure
          was_up, @up = @up, false
          forget
          down if was_up
          link&.close
        end

        def up
          @up = true
          number = @epoch += 1
          @core.post do
            if number == @epoch && @up
              @live_epoch = number
              went_up
            end
          end
        end

        def down
          @epoch += 1
          @core.post do
            known, @live_epoch = @live_epoch, nil
            went_down if known
          end
        end

        def serve(link)
          loop do
            kind, *rest = @orders.pop
            case kind
            when :close
              @done = rest.first
              return
            when :lost
              next unless rest.first.equal?(link)

              @core.trouble("connection to RabbitMQ lost (#{Trouble.describe(rest.last)}); connecting again")
              return
            else carry_out(link, [kind, *rest])
            end
          end
        end

        def failed(error)
          refusal = refusal_of(error)
          @failures += 1
          longest = [LONGEST_PAUSE, FIRST_PAUSE * (2.0**[@failures, 10].min)].min
          @pause = [FIRST_PAUSE, longest * (0.5 + (rand / 2))].max
          return @core.refused(refusal) if refusal
          return if @closing

          @core.trouble(format('cannot reach RabbitMQ at %<host>s:%<port>d (%<why>s); trying again in %<pause>.1f s',
                               host: @address.host, port: @address.port, why: Trouble.describe(error), pause: @pause))
        end

        def refusal_of(error)
          return error if error.is_a?(Refusal)
          return Trouble.setup_refusal(error, @step) if error.is_a?(ChannelClosed)

          Trouble.credentials_refusal(error, @address)
        end

        # Wakes up when the connection is to be closed; other orders are stale.
        def pause
          deadline = now + (@pause || 0)
          until @closing
            left = deadline - now
            return if left <= 0

            kind, done = @orders.pop(left)
            @done = done if kind == :close
          end
        end

        def finish
          until @done
            kind, done = @orders.pop
            @done = done if kind == :close
          end
          @done.call
        end

        def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end
    end
  end
end
