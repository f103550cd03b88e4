/*
 * TLS by mbedTLS: configured to one suite, over the caller's callbacks.
 * Trust: every byte that the transport gives is the peer's or the network's. The peer's certificate
 * is given to the callback after the handshake's signature and Finished have been verified.
 * Invariant: fault, once set, is what every later call returns; it is set by the first failure.
 */
#include "channel/channel.h"

#include <string.h>

#include <mbedtls/ecp.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_internal.h>
#include <mbedtls/x509_crt.h>

#include "base/heap.h"
#include "base/wipe.h"

struct channel {
	struct channel_transport transport;
	struct crypto_random random;
	enum err fault;
	size_t allowance; /* bytes that the peer may still send */
	bool ended;	  /* the peer closed in order */
	bool closed;	  /* we did */
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt own;
	mbedtls_pk_context key;
};

static const int g_suites[] = {MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, 0};
static const mbedtls_ecp_group_id g_curves[] = {MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1,
						MBEDTLS_ECP_DP_NONE};
static const int g_hashes[] = {MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_NONE};

/* ---- the stream below ---- */

/* Any error stops the library; which it was, `fault` keeps. */
#define BIO_FAILED MBEDTLS_ERR_SSL_INTERNAL_ERROR

static int channel_bio_send(void *context, const unsigned char *p, size_t size)
{
	struct channel *c = context;
	size_t sent = 0;

	c->fault = c->transport.send(c->transport.context, p, size, &sent);
	if (c->fault != E_OK)
		return BIO_FAILED;
	must(sent > 0 && sent <= size);
	return (int)sent;
}

static int channel_bio_receive(void *context, unsigned char *p, size_t max)
{
	struct channel *c = context;
	size_t got = 0;

	if (max > c->allowance)
		max = c->allowance;
	if (max == 0)
		c->fault = E_LIMIT;
	else
		c->fault = c->transport.receive(c->transport.context, p, max, &got);
	if (c->fault == E_OK && got == 0)
		c->fault = E_CHANNEL_CUT;
	if (c->fault != E_OK)
		return BIO_FAILED;
	must(got <= max);
	c->allowance -= got;
	return (int)got;
}

/* ---- setting up ---- */

/* The library's results that mean want of memory, of all its parts that a channel uses. */
static bool channel_no_memory(int result)
{
	switch (result) {
	case MBEDTLS_ERR_SSL_ALLOC_FAILED:
	case MBEDTLS_ERR_X509_ALLOC_FAILED:
	case MBEDTLS_ERR_PK_ALLOC_FAILED:
	case MBEDTLS_ERR_ECP_ALLOC_FAILED:
	case MBEDTLS_ERR_MPI_ALLOC_FAILED:
	case MBEDTLS_ERR_ASN1_ALLOC_FAILED:
	case MBEDTLS_ERR_MD_ALLOC_FAILED:
	case MBEDTLS_ERR_CIPHER_ALLOC_FAILED:
		return true;
	default:
		return false;
	}
}

/* Remembers why: what a callback said comes before what the library makes of it. */
static enum err channel_fail(struct channel *c, int result, enum err err)
{
	if (c->fault == E_OK)
		c->fault = channel_no_memory(result) ? E_NOMEM : err;
	return c->fault;
}

/* The own certificate and its key; the point is taken from the certificate. */
static int channel_own(struct channel *c, const struct certificate *own)
{
	mbedtls_ecp_keypair *pair;
	int result = mbedtls_x509_crt_parse_der(&c->own, own->der, own->size);

	if (result == 0)
		result = mbedtls_pk_setup(&c->key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
	if (result != 0)
		return result;
	pair = mbedtls_pk_ec(c->key);
	result = mbedtls_ecp_group_load(&pair->grp, MBEDTLS_ECP_DP_SECP256R1);
	if (result == 0)
		result = mbedtls_mpi_read_binary(&pair->d, own->private_key, P256_PRIVATE_SIZE);
	if (result == 0)
		result = mbedtls_ecp_copy(&pair->Q, &mbedtls_pk_ec(c->own.pk)->Q);
	if (result == 0)
		result = mbedtls_ssl_conf_own_cert(&c->config, &c->own, &c->key);
	return result;
}

/*
 * Nothing is left to the library's defaults that a release of it may change. There is no authority
 * to verify against. A client takes the peer's certificate as it is (VERIFY_NONE) and a server asks
 * for one and ignores the library's opinion (VERIFY_OPTIONAL): both then hear the caller's.
 */
static int channel_configure(struct channel *c, const struct channel_config *config)
{
	mbedtls_ssl_config *s = &c->config;
	const bool server = config->role == CHANNEL_SERVER;
	int result = mbedtls_ssl_config_defaults(
		s, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
		MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_SUITEB);

	if (result != 0)
		return result;
	mbedtls_ssl_conf_min_version(s, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_max_version(s, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_ciphersuites(s, g_suites);
	mbedtls_ssl_conf_curves(s, g_curves);
	mbedtls_ssl_conf_sig_hashes(s, g_hashes);
	mbedtls_ssl_conf_extended_master_secret(s, MBEDTLS_SSL_EXTENDED_MS_ENABLED);
	mbedtls_ssl_conf_renegotiation(s, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_legacy_renegotiation(s, MBEDTLS_SSL_LEGACY_BREAK_HANDSHAKE);
	mbedtls_ssl_conf_session_tickets(s, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
	mbedtls_ssl_conf_authmode(s, server && config->peer ? MBEDTLS_SSL_VERIFY_OPTIONAL
							    : MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_ssl_conf_rng(s, crypto_random_library, &c->random);
	if (config->own)
		result = channel_own(c, config->own);
	if (result == 0)
		result = mbedtls_ssl_setup(&c->ssl, s);
	return result;
}

/* ---- the handshake ---- */

/* Tells the peer that it ends here. Whether that arrives does not matter. */
static void channel_alert(struct channel *c, unsigned char alert)
{
	const enum err fault = c->fault;

	(void)mbedtls_ssl_send_alert_message(&c->ssl, MBEDTLS_SSL_ALERT_LEVEL_FATAL, alert);
	c->fault = fault;
}

/*
 * Step by step, to see that both sides use the extended master secret, which the library offers but
 * does not insist on. The state at which it is asked is passed by every full handshake, and others
 * are not offered.
 */
static enum err channel_handshake(struct channel *c)
{
	bool bound = false;

	while (c->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER) {
		if (c->ssl.state == MBEDTLS_SSL_CLIENT_KEY_EXCHANGE) {
			bound = c->ssl.handshake->extended_ms == MBEDTLS_SSL_EXTENDED_MS_ENABLED;
			if (!bound)
				break;
		}
		const int result = mbedtls_ssl_handshake_step(&c->ssl);

		if (result != 0)
			return channel_fail(c, result, E_CHANNEL_HANDSHAKE);
	}
	if (!bound) {
		channel_alert(c, MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE);
		return channel_fail(c, 0, E_CHANNEL_HANDSHAKE);
	}
	return E_OK;
}

/* The caller's judgement of the peer. */
static enum err channel_judge(struct channel *c, const struct channel_config *config)
{
	const mbedtls_x509_crt *peer = mbedtls_ssl_get_peer_cert(&c->ssl);
	enum err err = E_CHANNEL_PEER;

	if (!config->peer)
		return E_OK;
	if (peer && !peer->next)
		err = config->peer(config->peer_context, peer->raw.p, peer->raw.len);
	if (err != E_OK) {
		channel_alert(c, MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED);
		return channel_fail(c, 0, err);
	}
	return E_OK;
}

static enum err channel_start(struct channel *c, const struct channel_config *config)
{
	const int result = channel_configure(c, config);
	enum err err;

	if (result != 0)
		return channel_fail(c, result, E_INVALID);
	mbedtls_ssl_set_bio(&c->ssl, c, channel_bio_send, channel_bio_receive, NULL);
	err = channel_handshake(c);
	if (err == E_OK)
		err = channel_judge(c, config);
	return err;
}

enum err channel_open(struct channel **out, const struct channel_config *config)
{
	struct channel *c;
	enum err err;

	if (config->role == CHANNEL_SERVER ? !config->own
					   : config->role != CHANNEL_CLIENT || !config->peer)
		return E_INVALID;
	c = heap_alloc(sizeof *c);
	if (!c)
		return E_NOMEM;
	c->transport = config->transport;
	c->random = config->random;
	c->allowance = CHANNEL_HANDSHAKE_MAX;
	mbedtls_ssl_init(&c->ssl);
	mbedtls_ssl_config_init(&c->config);
	mbedtls_x509_crt_init(&c->own);
	mbedtls_pk_init(&c->key);
	err = channel_start(c, config);
	if (err != E_OK) {
		channel_free(c);
		return err;
	}
	*out = c;
	return E_OK;
}

/* ---- after it ---- */

/* Why a call of the library failed when the handshake is over. A fatal alert is authenticated: the
 * peer gave up. */
static enum err channel_broken(struct channel *c, int result)
{
	return channel_fail(c, result,
			    result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ? E_CHANNEL_CUT
									  : E_CHANNEL_RECORD);
}

enum err channel_read(struct channel *channel, void *p, size_t max, size_t *got)
{
	int result;

	if (channel->fault != E_OK)
		return channel->fault;
	if (max == 0)
		return E_INVALID;
	*got = 0;
	if (channel->ended)
		return E_OK;
	channel->allowance = CHANNEL_HANDSHAKE_MAX;
	result = mbedtls_ssl_read(&channel->ssl, p, max);
	if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY && channel->fault == E_OK) {
		channel->ended = true;
		return E_OK;
	}
	if (result <= 0)
		return channel_broken(channel, result);
	*got = (size_t)result;
	return E_OK;
}

enum err channel_write(struct channel *channel, const void *p, size_t size)
{
	const uint8_t *from = p;

	if (channel->fault != E_OK)
		return channel->fault;
	if (channel->closed)
		return E_STATE;
	while (size > 0) {
		const size_t n = size < CHANNEL_RECORD_MAX ? size : CHANNEL_RECORD_MAX;
		const int result = mbedtls_ssl_write(&channel->ssl, from, n);

		if (result <= 0)
			return channel_broken(channel, result);
		from += result;
		size -= (size_t)result;
	}
	return E_OK;
}

enum err channel_close(struct channel *channel)
{
	int result;

	if (channel->fault != E_OK)
		return channel->fault;
	if (channel->closed)
		return E_STATE;
	channel->closed = true;
	result = mbedtls_ssl_close_notify(&channel->ssl);
	return result == 0 ? E_OK : channel_broken(channel, result);
}

void channel_free(struct channel *channel)
{
	if (!channel)
		return;
	mbedtls_ssl_free(&channel->ssl);
	mbedtls_ssl_config_free(&channel->config);
	mbedtls_x509_crt_free(&channel->own);
	mbedtls_pk_free(&channel->key);
	wipe(channel, sizeof *channel);
	heap_free(channel);
}
