# frozen_string_literal: true

require 'openssl'

module TaskerCore
  module Worker
    module Amqp
      # A file of the URL cannot be used; the message names it.
      class TrustError < StandardError; end

      # Whom a TLS connection trusts and which certificate it shows; paths of PEM files.
      class Trust
        attr_reader :authorities, :certificate, :key

        def initialize(authorities: nil, certificate: nil, key: nil, verify_peer: true)
          @authorities = authorities
          @certificate = certificate
          @key = key
          @verify_peer = verify_peer
        end

        def verify_peer? = @verify_peer

        # Reads the files, so certificates that were renewed count from the next connection on. Raises TrustError.
        #
        # Bunny alone would add the authorities to those of the system, skip a file that is missing, and speak TLS 1.2
        # only.
        def apply(context)
          context.min_version = OpenSSL::SSL::TLS1_2_VERSION
          context.max_version = nil
          context.cert_store = store
          show_certificate(context) if certificate
          context
        end

        # Raises TrustError for files that cannot be used.
        def check = apply(OpenSSL::SSL::SSLContext.new)

        private

        def store
          OpenSSL::X509::Store.new.tap do |store|
            if authorities
              reading("the certificate authorities in '#{authorities}' (cacertfile)") do
                File.read(authorities) # add_file does not say why
                store.add_file(authorities)
              end
            else
              store.set_default_paths
            end
          end
        end

        def show_certificate(context)
          reading("the client certificate '#{certificate}' with the key '#{key}'") do
            first, *chain = OpenSSL::X509::Certificate.load(File.read(certificate))
            # Without a password OpenSSL would ask for that of an encrypted key at the terminal.
            context.add_certificate(first, OpenSSL::PKey.read(File.read(key), ''), chain)
          end
        end

        def reading(what)
          yield
        rescue SystemCallError => e
          raise TrustError, "#{what} cannot be read: #{e.message.split(' @ ').first.downcase}"
        rescue OpenSSL::OpenSSLError, ArgumentError => e
          raise TrustError, "#{what} cannot be used: #{e.message.lines.first.to_s.strip}"
        end
      end
    end
  end
end
