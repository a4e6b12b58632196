# frozen_string_literal: true

require 'json'
require 'socket'
require 'time'

# A real HTTP server on the loopback interface that behaves as told: the block gets the request (:method, :path,
# :headers, :body) and gives what `data.server` of protocol/vectors/api-classification.json describes, with symbol keys.
class HttpServer
  PHRASES = Hash.new('Status')

  attr_reader :port, :requests

  def self.open(&block)
    new(block)
  end

  # A port on which nobody listens.
  def self.refused_port
    socket = TCPServer.new('127.0.0.1', 0)
    socket.addr[1].tap { socket.close }
  end

  def initialize(behaviour)
    @behaviour = behaviour
    @requests = []
    @socket = TCPServer.new('127.0.0.1', 0)
    @port = @socket.addr[1]
    @threads = []
    @acceptor = Thread.new { accept }
  end

  def url = "http://127.0.0.1:#{port}"

  def close
    @socket.close
    (@threads + [@acceptor]).each(&:kill)
  end

  private

  def accept
    loop do
      client = @socket.accept
      @threads << Thread.new { serve(client) }
    end
  rescue IOError, SystemCallError
    nil
  end

  def serve(client)
    request = read(client)
    @requests << request
    answer(client, @behaviour.call(request))
  rescue IOError, SystemCallError
    nil
  ensure
    client.close
  end

  def read(client)
    method, path = client.gets.split
    headers = {}
    while (line = client.gets.chomp) != ''
      name, value = line.split(': ', 2)
      headers[name.downcase] = value
    end
    { method: method, path: path, headers: headers, body: client.read(headers['content-length'].to_i) }
  end

  def answer(client, behaviour)
    return if behaviour[:close]

    sleep(behaviour[:delay_ms] / 1000.0) if behaviour[:delay_ms]
    text = behaviour[:text] || (behaviour.key?(:body) ? JSON.generate(behaviour[:body]) : '')
    headers = { 'Content-Length' => text.bytesize, 'Connection' => 'close' }
    headers['Content-Type'] = 'application/json' if behaviour.key?(:body)
    headers.update((behaviour[:headers] || {}).transform_values { |value| header(value) })
    # These have no body by definition.
    headers.delete('Content-Length') if [204, 304].include?(behaviour[:status])
    client.write("HTTP/1.1 #{behaviour[:status]} #{PHRASES[behaviour[:status]]}\r\n")
    client.write(headers.map { |name, value| "#{name}: #{value}\r\n" }.join)
    client.write("\r\n")
    return sleep if behaviour[:stall]

    client.write(text)
  end

  def header(value)
    value.is_a?(Hash) ? (Time.now + value['date_in_seconds']).httpdate : value
  end
end
