# frozen_string_literal: true

require 'socket'

# A TCP connection to the broker that a test can cut, so that no node has to be disturbed for it.
class Proxy
  attr_reader :port

  def initialize(url)
    @url = URI.parse(url)
    @sockets = []
    @mutex = Mutex.new
    listen(0)
  end

  def url = @url.dup.tap { |copy| copy.host, copy.port = '127.0.0.1', port }.to_s

  # Cut every connection; new ones are accepted.
  def cut
    @mutex.synchronize do
      @sockets.each { |socket| socket.close unless socket.closed? }
      @sockets.clear
    end
  end

  # The broker is gone.
  def stop
    @server.close
    @acceptor.join
    cut
  end

  # And back on the same port.
  def start_again = listen(port)

  private

  def listen(number)
    @server = TCPServer.new('127.0.0.1', number)
    @port = @server.addr[1]
    @acceptor = Thread.new { accept(@server) }
  end

  def accept(server)
    loop do
      client = server.accept
      upstream = TCPSocket.new(@url.host, @url.port)
      @mutex.synchronize { @sockets.push(client, upstream) }
      [[client, upstream], [upstream, client]].each { |from, to| Thread.new { pump(from, to) } }
    end
  rescue IOError, SystemCallError
    nil
  end

  def pump(from, to)
    loop { to.write(from.readpartial(65_536)) }
  rescue IOError, SystemCallError
    [from, to].each { |socket| socket.close unless socket.closed? }
  end
end
