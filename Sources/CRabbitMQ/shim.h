#ifndef TASKER_CRABBITMQ_SHIM_H
#define TASKER_CRABBITMQ_SHIM_H

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* amqp_login_with_properties is variadic, which Swift cannot call. Heartbeat in seconds. */
static inline amqp_rpc_reply_t tasker_login_plain(amqp_connection_state_t connection, const char *vhost, int channel_max,
                                                  int frame_max, int heartbeat, const amqp_table_t *properties,
                                                  const char *user, const char *password) {
    return amqp_login_with_properties(connection, vhost, channel_max, frame_max, heartbeat, properties,
                                      AMQP_SASL_METHOD_PLAIN, user, password);
}

static inline amqp_rpc_reply_t tasker_login_external(amqp_connection_state_t connection, const char *vhost,
                                                     int channel_max, int frame_max, int heartbeat,
                                                     const amqp_table_t *properties, const char *identity) {
    return amqp_login_with_properties(connection, vhost, channel_max, frame_max, heartbeat, properties,
                                      AMQP_SASL_METHOD_EXTERNAL, identity);
}

/* librabbitmq keeps the TLS session to itself and has no call that sends without waiting for ever when the peer does not
 * read (a blocked publisher). OpenSSL tells the session to whoever watches its context, so the session is taken from there
 * and used directly once librabbitmq has finished the handshake and the login. */
typedef struct {
    /* Valid only when the handshake has succeeded. */
    SSL *session;
    /* X509_V_OK, or why the certificate was refused. */
    long verification;
} tasker_tls_handshake;

static inline void tasker_tls_observe(const SSL *session, int where, int result) {
    (void)where;
    (void)result;
    tasker_tls_handshake *handshake = (tasker_tls_handshake *)SSL_CTX_get_app_data(SSL_get_SSL_CTX(session));
    if (handshake == NULL) return;
    handshake->session = (SSL *)session;
    handshake->verification = SSL_get_verify_result(session);
}

/* `handshake` must outlive the handshake. */
static inline void tasker_tls_watch(amqp_socket_t *socket, tasker_tls_handshake *handshake) {
    SSL_CTX *context = (SSL_CTX *)amqp_ssl_socket_get_context(socket);
    SSL_CTX_set_app_data(context, handshake);
    SSL_CTX_set_info_callback(context, tasker_tls_observe);
}

static inline const char *tasker_tls_verification_text(long verification) {
    return verification == X509_V_OK ? NULL : X509_verify_cert_error_string(verification);
}

/* After the handshake: nobody watches it any more, and writes may be short and come from another address. */
static inline void tasker_tls_take_session(amqp_socket_t *socket, SSL *session) {
    SSL_CTX *context = (SSL_CTX *)amqp_ssl_socket_get_context(socket);
    SSL_CTX_set_info_callback(context, NULL);
    SSL_CTX_set_app_data(context, NULL);
    SSL_set_info_callback(session, NULL);
    SSL_set_mode(session, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

/* Trusts the certificate authorities of the system. 1 = done. */
static inline int tasker_tls_trust_system(amqp_socket_t *socket) {
    return SSL_CTX_set_default_verify_paths((SSL_CTX *)amqp_ssl_socket_get_context(socket));
}

/* librabbitmq compares host names only; a certificate for an IP address is checked by OpenSSL. 1 = done. */
static inline int tasker_tls_expect_address(amqp_socket_t *socket, const char *address) {
    SSL_CTX *context = (SSL_CTX *)amqp_ssl_socket_get_context(socket);
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(context), address);
}

/* OpenSSL's last complaint, 0 = none; empties its list. */
static inline unsigned long tasker_tls_last_error(void) {
    unsigned long last = ERR_peek_last_error();
    ERR_clear_error();
    return last;
}

/* At most 15 bytes. */
static inline void tasker_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

enum { TASKER_IO_WOULD_BLOCK = -1, TASKER_IO_CLOSED = -2, TASKER_IO_FAILED = -3 };

/* Bytes read, or one of the above; `session` NULL = no TLS. With TASKER_IO_FAILED errno tells more (0 = TLS). */
static inline long tasker_read(int descriptor, SSL *session, void *bytes, size_t count) {
    if (session == NULL) {
        for (;;) {
            ssize_t n = recv(descriptor, bytes, count, MSG_DONTWAIT);
            if (n > 0) return n;
            if (n == 0) return TASKER_IO_CLOSED;
            if (errno == EINTR) continue;
            return (errno == EAGAIN || errno == EWOULDBLOCK) ? TASKER_IO_WOULD_BLOCK : TASKER_IO_FAILED;
        }
    }
    ERR_clear_error();
    errno = 0;
    int n = SSL_read(session, bytes, (int)(count > 0x40000000 ? 0x40000000 : count));
    if (n > 0) return n;
    switch (SSL_get_error(session, n)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return TASKER_IO_WOULD_BLOCK;
        case SSL_ERROR_ZERO_RETURN: return TASKER_IO_CLOSED;
        case SSL_ERROR_SYSCALL: return errno == 0 ? TASKER_IO_CLOSED : TASKER_IO_FAILED;
        default: errno = 0; return TASKER_IO_FAILED;
    }
}

static inline long tasker_write(int descriptor, SSL *session, const void *bytes, size_t count) {
    if (session == NULL) {
        for (;;) {
            ssize_t n = send(descriptor, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
            if (n >= 0) return n;
            if (errno == EINTR) continue;
            if (errno == EPIPE || errno == ECONNRESET) return TASKER_IO_CLOSED;
            return (errno == EAGAIN || errno == EWOULDBLOCK) ? TASKER_IO_WOULD_BLOCK : TASKER_IO_FAILED;
        }
    }
    ERR_clear_error();
    errno = 0;
    int n = SSL_write(session, bytes, (int)(count > 0x40000000 ? 0x40000000 : count));
    if (n > 0) return n;
    switch (SSL_get_error(session, n)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return TASKER_IO_WOULD_BLOCK;
        case SSL_ERROR_ZERO_RETURN: return TASKER_IO_CLOSED;
        case SSL_ERROR_SYSCALL:
            return errno == 0 || errno == EPIPE || errno == ECONNRESET ? TASKER_IO_CLOSED : TASKER_IO_FAILED;
        default: errno = 0; return TASKER_IO_FAILED;
    }
}

#endif
